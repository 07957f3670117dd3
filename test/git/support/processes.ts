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

/** Another boot id and host name, and namespaces of its own: what a container manager makes of a process. */
export interface Container {
  /** A file that says it. */
  boot: string
  host: string
}

export interface Saver {
  process: ChildProcess
  /** What was acknowledged so far: commits by ref, in order. */
  acknowledged: Map<string, string[]>
  /** Resolves when the first save was acknowledged, or the process ended. */
  begun: Promise<void>
  ended: Promise<{ code: number | null; errors: string }>
}

export function startSaver(
  built: string,
  store: string,
  options: SaverOptions,
  container?: Container,
): Saver {
  const script = join(import.meta.dirname, 'children/saver.mjs')
  const [command = '', ...before] = [
    ...(container === undefined ? [] : contained(container)),
    process.execPath,
  ]
  const child = spawn(command, [...before, script, built, store, JSON.stringify(options)], {
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

/** The command line in front of one that is to run in a container. Needs root. */
const contained = ({ boot, host }: Container): string[] => [
  'unshare',
  ...['--mount', '--uts', '--ipc', '--net', '--pid', '--fork', '--mount-proc', '--kill-child'],
  'bash',
  '-c',
  'hostname "$1"; mount --bind "$2" /proc/sys/kernel/random/boot_id; shift 2; exec "$@"',
  'container',
  host,
  boot,
]
