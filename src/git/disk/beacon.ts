/**
 * A socket that shows that its owner lives. The kernel answers for it, to every process on the same disk in any
 * container, also while the owner is stopped; it closes when the thread that listens ends. No data is ever sent. Why:
 * `docs/decisions/0010-proof-of-death.md`.
 */
import fs from 'node:fs'
import { withSocketPath } from './system.ts'

/** A socket that is open until `close`, or until the thread ends. */
export interface Beacon {
  /** Stops answering; the file stays. */
  close(): void
}

/**
 * `answers`: a process listens. `silent`: no process of this kernel listens. `absent`: there is no such file. `unsure`:
 * the system does not let us ask.
 */
export type Signal = 'answers' | 'silent' | 'absent' | 'unsure'

/**
 * Listens at `path`, which is visible only once it answers. Keeps no process alive. `undefined` where the disk or
 * the system has no sockets.
 */
export async function lightBeacon(path: string): Promise<Beacon | undefined> {
  const net = await import('node:net')
  const server = net.createServer((socket) => socket.destroy())
  // A failure is seen below at once; the event comes later.
  server.on('error', () => undefined)
  try {
    const hidden = `${path}.new`
    fs.rmSync(hidden, { force: true })
    // Exclusive, because in a worker of `node:cluster` the primary process would listen otherwise, and live longer than
    // the worker.
    withSocketPath(hidden, (short) => server.listen({ path: short, exclusive: true }))
    if (!server.listening) return undefined
    server.unref()
    // Every user who can reach the folder may ask.
    fs.chmodSync(hidden, 0o666)
    // Closing would remove the file at the original path; after the rename there is none.
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

/** `EAGAIN`: the queue of a stopped process is full of questions. */
const SIGNALS: ReadonlyMap<string, Signal> = new Map([
  ['EAGAIN', 'answers'],
  ['ECONNREFUSED', 'silent'],
  ['ENOENT', 'absent'],
  ['ENOTDIR', 'absent'],
])
