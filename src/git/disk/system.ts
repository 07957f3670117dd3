/**
 * What differs between operating systems: how a process identifies itself, how to find out whether another one still
 * runs, which disks only one machine can use, and how a socket gets a path. Everything else in `git` is the same
 * everywhere.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import { basename, dirname, join } from 'node:path'

/** What identifies a thread of a process. Fields are empty where the system does not tell. */
export interface ProcessFacts {
  /** `process.platform`. */
  system: string
  /** The host name. It is not certain: two machines may have the same name, and a machine may change its name. */
  host: string
  /** The kernel's boot id. A container may have its own. */
  boot: string
  /** The pid namespace. */
  namespace: string
  pid: number
  /** The kernel's id of the thread: a worker ends without its process. */
  thread?: number
  /** When the thread started, in the kernel's ticks. */
  start: string
}

/**
 * The pid namespace that a kernel starts with: a process in it sees the kernel's own boot id, not a container's.
 * Source: PROC_PID_INIT_INO in linux/proc_ns.h.
 */
const FIRST_NAMESPACE = 'pid:[4026531836]'

/** Whether the process runs outside of all containers, as far as the system tells. */
export const isOutside = ({ namespace }: Pick<ProcessFacts, 'namespace'>): boolean =>
  namespace === FIRST_NAMESPACE

/** The facts of this thread. */
export function processFacts(): ProcessFacts {
  if (known?.pid === process.pid) return known
  const { pid, platform } = process
  const thread = Number(/\/(\d+)$/.exec(link('/proc/thread-self'))?.[1])
  const task = Number.isSafeInteger(thread) ? { pid, thread } : { pid }
  known = {
    system: platform,
    host: `${read('/etc/machine-id')}/${os.hostname()}`,
    boot: read('/proc/sys/kernel/random/boot_id'),
    namespace: link('/proc/self/ns/pid'),
    ...task,
    start: startTime(task),
  }
  return known
}

let known: ProcessFacts | undefined

/** Whether the thread runs; `true` when this pid namespace does not show it. */
export function isRunning({ pid, thread, start }: Pick<ProcessFacts, 'pid' | 'thread' | 'start'>): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  // The pid exists; a different start time means that another process got it since.
  const now = startTime({ pid, ...(thread !== undefined && { thread }) })
  if (now === '') return thread === undefined || startTime({ pid }) === ''
  return start === '' || now === start
}

/** Field 22 of proc_pid_stat(5); the second field may hold spaces and parentheses, so count after the last. */
function startTime({ pid, thread = pid }: Pick<ProcessFacts, 'pid' | 'thread'>): string {
  const stat = read(`/proc/${pid}/task/${thread}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie holds no locks.
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '')
}

/**
 * The kind of disk that `path` is on, if it is certain that only one kernel uses it: no other machine, real or virtual,
 * reaches it at the same time. Throws the system's error, unless there is no such path.
 */
export function localDisk(path: string, platform: string = process.platform): string | undefined {
  try {
    if (platform === 'linux') return LINUX_LOCAL.get(fs.statfsSync(path).type)
    // The disk driver; a network file system gets a number behind all drivers. Source: vfs_getnewfsid of XNU.
    if (platform === 'darwin') return fs.statSync(path).dev >>> 24 === 1 ? 'disk' : undefined
  } catch (error) {
    if (!NOT_TOLD.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  return undefined
}

/** Source: statfs(2), linux/magic.h. */
const LINUX_LOCAL: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0xf2f52010, 'f2fs'],
  [0x2fc12fc1, 'zfs'],
  [0x794c7630, 'overlayfs'],
  [0x01021994, 'tmpfs'],
])
const NOT_TOLD = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'ENOSYS'])

/** Bytes of the longest path of a socket on any system. A longer path is cut silently. */
const LONGEST = 103

/**
 * Calls `use` with a path of the same file that is short enough for a socket: on Linux through a descriptor of its
 * folder, elsewhere through a link in the folder for temporaries. The path is valid until `use` returns.
 */
export function withSocketPath<T>(
  path: string,
  use: (path: string) => T,
  platform: string = process.platform,
): T {
  if (Buffer.byteLength(path) <= LONGEST) return use(path)
  if (platform === 'linux') {
    const folder = fs.openSync(dirname(path), 'r')
    try {
      return use(`/proc/self/fd/${folder}/${basename(path)}`)
    } finally {
      fs.closeSync(folder)
    }
  }
  const shortcut = join(os.tmpdir(), `fp${randomBytes(6).toString('hex')}`)
  fs.symlinkSync(dirname(path), shortcut)
  try {
    return use(join(shortcut, basename(path)))
  } finally {
    fs.unlinkSync(shortcut)
  }
}

function read(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function link(path: string): string {
  try {
    return fs.readlinkSync(path)
  } catch {
    return ''
  }
}
