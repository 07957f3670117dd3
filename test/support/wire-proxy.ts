/** A proxy between a client and a server on 127.0.0.1: counts bytes, and cuts connections where it is told to. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'

export interface WireProxy {
  /** The server's address, by way of the proxy. */
  url: string
  /** Bytes from clients to the server, and back, headers included. */
  up: number
  down: number
  /** After so many bytes of a direction, counted from `reset`, both connections are cut. */
  cut: { up?: number; down?: number }
  /** Whether only the first connection that gets so far is cut. */
  cutsOnce: boolean
  /** Counts anew, and ends what connections are open: bytes of the next one's head count too. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** Starts a proxy to `target`, such as `http://127.0.0.1:4000`. */
export async function startProxy(target: string): Promise<WireProxy> {
  const port = Number(new URL(target).port)
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    const both = [client, upstream]
    const end = (): void => {
      for (const one of both) {
        one.destroy()
        open.delete(one)
      }
    }
    for (const one of both) {
      open.add(one)
      one.on('error', end).on('close', end)
    }
    const pass = (direction: 'up' | 'down', to: Socket) => (piece: Buffer) => {
      const left = (proxy.cut[direction] ?? Number.POSITIVE_INFINITY) - proxy[direction]
      proxy[direction] += Math.min(left, piece.length)
      if (left >= piece.length) to.write(piece)
      else {
        if (proxy.cutsOnce) proxy.cut = {}
        if (left > 0) to.write(piece.subarray(0, left), end)
        else end()
      }
    }
    client.on('data', pass('up', upstream))
    upstream.on('data', pass('down', client))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: WireProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    up: 0,
    down: 0,
    cut: {},
    cutsOnce: false,
    async reset() {
      for (const one of open) one.destroy()
      // Until the client has seen it, it would use the connection again.
      await setTimeout(30)
      proxy.up = 0
      proxy.down = 0
    },
    async close() {
      for (const one of open) one.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
