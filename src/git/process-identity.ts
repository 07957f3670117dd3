/**
 * Who holds a lock or a journal, and whether that process still lives. Node has no flock(2), so the answer
 * comes from what the system says of processes: host, boot, pid namespace, pid and start time.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'

/** One store object of one process. Written into its journals and its lock files. */
export interface Owner {
  /** 16 hex digits, new for every store object. */
  id: string
  host: string
  /** The kernel's boot id; empty where the system has none. */
  boot: string
  /** The pid namespace; empty where the system has none. */
  namespace: string
  pid: number
  /** When the process started, in the kernel's ticks; empty where the system does not say. */
  start: string
  /** Whether it saw the store on a disk that no other machine can have at the same time. */
  local?: boolean
}

/**
 * `alive`: running, or we cannot know. `dead`: gone, in this boot. `rebooted`: gone, and the machine was
 * restarted since, so that nothing it left unsynced can be trusted. `foreign`: of another host.
 */
export type Liveness = 'alive' | 'dead' | 'rebooted' | 'foreign'

/** Who we are, and who still lives. Comes in as an argument, so that a test can be a machine of its own. */
export interface Identity {
  newOwner(): Owner
  liveness(owner: Owner): Liveness
}

/** What this system says. */
export const systemIdentity: Identity = { newOwner, liveness }

function newOwner(): Owner {
  return { id: randomBytes(8).toString('hex'), ...self() }
}

function liveness(owner: Owner): Liveness {
  const me = self()
  const sameBoot = owner.boot !== '' && owner.boot === me.boot
  if (!sameBoot && owner.host !== me.host) return 'foreign'
  if (owner.boot !== '' && me.boot !== '' && !sameBoot) return 'rebooted'
  if (owner.namespace !== me.namespace) return 'alive'
  if (isRunning(owner)) return 'alive'
  return sameBoot ? 'dead' : 'rebooted'
}

export const ownerText = (owner: Owner): string => `forkpoint ${JSON.stringify(owner)}\n`

/** The owner that `text` names; `undefined` when it is something else, such as a lock of git's. */
export function parseOwner(text: string): Owner | undefined {
  if (!text.startsWith('forkpoint {')) return undefined
  try {
    const owner = JSON.parse(text.slice('forkpoint '.length)) as Owner
    const texts = [owner.id, owner.host, owner.boot, owner.namespace, owner.start]
    if (!texts.every((value) => typeof value === 'string')) return undefined
    return /^[0-9a-f]{16}$/.test(owner.id) && Number.isSafeInteger(owner.pid) ? owner : undefined
  } catch {
    return undefined
  }
}

let known: Omit<Owner, 'id'> | undefined

function self(): Omit<Owner, 'id'> {
  if (known?.pid === process.pid) return known
  known = {
    host: `${read('/etc/machine-id')}/${os.hostname()}`,
    boot: read('/proc/sys/kernel/random/boot_id'),
    namespace: link('/proc/self/ns/pid'),
    pid: process.pid,
    start: startTime(process.pid),
  }
  return known
}

function isRunning({ pid, start }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  // The pid lives; if its start time differs it was given to another process since.
  const now = startTime(pid)
  return start === '' || now === '' || now === start
}

/** Field 22 of proc_pid_stat(5); the second field may hold spaces and parentheses, so count after the last. */
function startTime(pid: number): string {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie holds nothing any more.
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '')
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
