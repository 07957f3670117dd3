/** Ports of 127.0.0.1 for servers that have to be told one. */
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Resolves when somebody listens there, and `isReady`. Throws after some seconds, naming `what`. */
export async function untilItListens(port: number, what: string, isReady = () => true): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const one = connect(port, '127.0.0.1', () => resolve(one.end() && true)).on('error', () =>
        resolve(false),
      )
    })
    if (isOpen && isReady()) return
    await sleep(25)
  }
  throw new Error(`${what} does not start`)
}
