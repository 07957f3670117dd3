/**
 * A socket that says that its owner lives: the kernel answers for it to everybody on the same disk, whatever their
 * container, also while the owner is stopped, and forgets it with the thread that listened. Nothing is ever sent.
 * Why: `docs/decisions/0010-proof-of-death.md`.
 */
import fs from 'node:fs'
import { withSocketPath } from './system.ts'

/** Where somebody listens until `close`, or until the thread ends. */
export interface Beacon {
  /** Nobody is answered any more; the file stays. */
  close(): void
}

/**
 * `answers`: somebody listens. `silent`: nobody of this kernel does. `absent`: there is no such file. `unsure`: the
 * system does not let us ask.
 */
export type Signal = 'answers' | 'silent' | 'absent' | 'unsure'

/**
 * Listens at `path`, which is visible only once it answers. Keeps no process alive. `undefined` where the disk or
 * the system has no sockets.
 */
export async function lightBeacon(path: string): Promise<Beacon | undefined> {
  const net = await import('node:net')
  const server = net.createServer((socket) => socket.destroy())
  // A refusal is seen at once below; the event comes later.
  server.on('error', () => undefined)
  try {
    const hidden = `${path}.new`
    fs.rmSync(hidden, { force: true })
    // Exclusive: in a worker of `node:cluster` the primary process would listen, and outlive it.
    withSocketPath(hidden, (short) => server.listen({ path: short, exclusive: true }))
    if (!server.listening) return undefined
    server.unref()
    // Whoever may come this far in the folder may ask.
    fs.chmodSync(hidden, 0o666)
    // Closing would remove what stands at the path that was listened at: nothing any more.
    fs.renameSync(hidden, path)
    return { close: () => void server.close() }
  } catch {
    if (server.listening) server.close()
    return undefined
  }
}

/** Asks whether somebody listens at `path`; the kernel answers, so it takes no time. */
export async function lookForBeacon(path: string): Promise<Signal> {
  const net = await import('node:net')
  return new Promise((resolve) => {
    const socket = new net.Socket()
    socket.on('connect', () => {
      socket.destroy()
      resolve('answers')
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(SIGNALS.get(code ?? '') ?? 'unsure'))
    try {
      withSocketPath(path, (short) => socket.connect({ path: short }))
    } catch (error) {
      resolve(SIGNALS.get((error as NodeJS.ErrnoException).code ?? '') ?? 'unsure')
    }
  })
}

/** `EAGAIN`: so many have asked a stopped process that no more of them fit. */
const SIGNALS: ReadonlyMap<string, Signal> = new Map([
  ['EAGAIN', 'answers'],
  ['ECONNREFUSED', 'silent'],
  ['ENOENT', 'absent'],
  ['ENOTDIR', 'absent'],
])
