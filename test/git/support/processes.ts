/** Processes that save into a real store. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

export interface SaverOptions {
  refs: readonly string[]
  /** Saves on each ref. */
  count: number
  /** Each save only on top of the commit it has seen; who loses tries again. */
  compareAndSet?: boolean
  /** Milliseconds. */
  settleAfter?: number
  settleEvery?: number
  /** How big the saved file is, in lines. */
  big?: number
}

export interface Saver {
  process: ChildProcess
  /** What was acknowledged so far: commits by ref, in order. */
  acknowledged: Map<string, string[]>
  /** Resolves when the first save was acknowledged, or the process ended. */
  begun: Promise<void>
  ended: Promise<{ code: number | null; errors: string }>
}

export function startSaver(built: string, store: string, options: SaverOptions): Saver {
  const script = join(import.meta.dirname, 'children/saver.mjs')
  const child = spawn(process.execPath, [script, built, store, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const acknowledged = new Map<string, string[]>()
  let rest = ''
  let errors = ''
  let begin = (): void => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  child.stdout.on('data', (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const [ref, id] = line.split(' ') as [string, string]
      acknowledged.set(ref, [...(acknowledged.get(ref) ?? []), id])
      begin()
    }
  })
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString()
  })
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.on('close', (code) => {
      begin()
      resolve({ code, errors })
    })
  })
  return { process: child, acknowledged, begun, ended }
}
