/** What processes did to a folder, call by call: recorded by strace(1), read from its log. */
import { spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { normalize } from 'node:path'
import { createInterface } from 'node:readline'

export type TracedCall =
  | { kind: 'open'; path: string; fd: string; append: boolean; truncate: boolean; create: boolean }
  /** `at`: where; `undefined`: where the file stands. */
  | { kind: 'write'; path: string; fd: string; data: Buffer; at: number | undefined }
  | { kind: 'resize'; path: string; size: number }
  | { kind: 'link' | 'rename'; from: string; path: string }
  | { kind: 'unlink' | 'rmdir' | 'mkdir'; path: string }
  /** Stands where the call began: what was written later is not in it. */
  | { kind: 'sync'; path: string }

const CALLS =
  'openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,sync_file_range,ftruncate,truncate,copy_file_range,sendfile,fallocate,symlink,symlinkat,mmap'

/** Whether processes can be traced here; if not, why. */
export function whyNoTrace(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has strace'
  const { status, error, stderr } = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], {
    encoding: 'utf8',
  })
  if (error !== undefined) return 'there is no strace'
  return status === 0 ? undefined : `strace does not work: ${stderr.trim().split('\n').at(-1)}`
}

/** Runs a shell command line with all that it starts, and writes the log. */
export function trace(command: string, log: string, cwd: string): void {
  const args = ['-f', '-y', '-xx', '-s', '50000000', '-e', 'signal=none', '-e', `trace=${CALLS}`, '-o', log]
  const { status, stderr } = spawnSync('strace', [...args, 'sh', '-c', command], { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`strace ended with ${status}: ${stderr}`)
}

/** The calls that succeeded, in a folder and below, in the order in which they took effect. */
export async function readTrace(log: string, root: string): Promise<TracedCall[]> {
  const hex = [...Buffer.from(root)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  const calls: TracedCall[] = []
  /** Of each thread the call that has not returned, and where its sync stands. */
  const open = new Map<string, { text: string; sync: number | undefined }>()
  for await (const line of createInterface({ input: createReadStream(log, 'latin1') })) {
    const [, thread, rest] = /^(\d+) +(.*)$/s.exec(line) ?? []
    if (thread === undefined || rest === undefined) continue
    let text = rest
    let sync: number | undefined
    if (rest.endsWith(' <unfinished ...>')) {
      const begun = rest.slice(0, -' <unfinished ...>'.length)
      if (/^f(?:data)?sync\(/.test(begun)) {
        const call = parse(`${begun}) = 0`)
        if (call !== undefined && isBelow(call, root)) sync = calls.push(call) - 1
      }
      open.set(thread, { text: begun, sync })
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest)
    if (resumed !== null) {
      const begun = open.get(thread)
      open.delete(thread)
      if (begun === undefined) continue
      text = begun.text + resumed[1]
      sync = begun.sync
    }
    if (sync !== undefined) {
      // Cut off there, it may have been done; a failure would have to be understood.
      if (/= -1/.test(text)) throw new Error(`A sync failed: ${text}`)
      continue
    }
    // Most calls are about other files.
    if (!text.includes(hex) && !/"(?!\\x2f)/.test(text)) continue
    const call = parse(text)
    if (call !== undefined && isBelow(call, root)) calls.push(call)
  }
  return calls
}

const isBelow = (call: TracedCall, root: string): boolean =>
  call.path.startsWith(root) || ('from' in call && call.from.startsWith(root))

/** One line of the log without the number of its thread; `undefined` when it failed or changed nothing. */
function parse(text: string): TracedCall | undefined {
  const [, name = '', args = '', result = ''] = /^(\w+)\((.*)\) += (-?\d+|\?|0x[0-9a-f]+)/s.exec(text) ?? []
  if (name === '' || result === '?' || result.startsWith('-')) return undefined
  const [first = '', second = ''] = paths(args)
  switch (name) {
    case 'open':
    case 'openat':
    case 'creat':
      if (name !== 'creat' && !/O_(?:CREAT|TRUNC|APPEND|WRONLY|RDWR)/.test(args)) return undefined
      return {
        kind: 'open',
        path: first,
        fd: result,
        append: args.includes('O_APPEND'),
        truncate: name === 'creat' || args.includes('O_TRUNC'),
        create: name === 'creat' || args.includes('O_CREAT'),
      }
    case 'write':
    case 'pwrite64': {
      const { fd, path } = descriptor(args)
      const data = bytes(/"((?:\\x[0-9a-f]{2})*)"/.exec(args)?.[1] ?? '').subarray(0, Number(result))
      const at = name === 'pwrite64' ? Number(/, (\d+)$/.exec(args)![1]) : undefined
      return { kind: 'write', path, fd, data, at }
    }
    case 'ftruncate':
      return { kind: 'resize', path: descriptor(args).path, size: Number(/, (\d+)$/.exec(args)![1]) }
    case 'link':
    case 'rename':
    case 'linkat':
    case 'renameat':
    case 'renameat2':
      return { kind: name.startsWith('link') ? 'link' : 'rename', from: first, path: second }
    case 'unlink':
    case 'rmdir':
    case 'mkdir':
      return { kind: name, path: first }
    case 'unlinkat':
      return { kind: args.includes('AT_REMOVEDIR') ? 'rmdir' : 'unlink', path: first }
    case 'mkdirat':
      return { kind: 'mkdir', path: first }
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', path: descriptor(args).path }
    case 'mmap':
      // Memory that is shared and written to would change a file unseen.
      if (!/PROT_WRITE/.test(args) || !/MAP_SHARED/.test(args) || !args.includes('<')) return undefined
      break
  }
  throw new Error(`A call that is not understood: ${text.slice(0, 300)}`)
}

/** Paths in quotes, each made whole by the folder before it. */
function paths(args: string): string[] {
  const found: string[] = []
  for (const [, at, text] of args.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:\\x[0-9a-f]{2})*)"/g)) {
    const path = bytes(text!).toString()
    found.push(path.startsWith('/') || at === undefined ? path : normalize(`${bytes(at)}/${path}`))
  }
  return found
}

function descriptor(args: string): { fd: string; path: string } {
  const [, fd = '', path = ''] = /^(\d+)<([^>]*)>/.exec(args) ?? []
  return { fd, path: bytes(path).toString() }
}

const bytes = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex')
