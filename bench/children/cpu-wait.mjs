// @ts-check
/** How long others kept this thread from a CPU, so that a busy machine is not taken for a slow program. */
import { openSync, readSync } from 'node:fs'

const file = openScheduler()
const buffer = Buffer.alloc(96)

/** Milliseconds that the main thread was ready and had no CPU, since it began; 0 where Linux does not tell. */
export const cpuWait = () => cpuTimes().waited

/** Milliseconds that the main thread had a CPU, and that it waited for one. */
export function cpuTimes() {
  if (file === undefined) return { had: 0, waited: 0 }
  const length = readSync(file, buffer, 0, buffer.length, 0)
  const [had, waited] = buffer.toString('latin1', 0, length).split(' ')
  return { had: Number(had) / 1e6, waited: Number(waited) / 1e6 }
}

/** proc(5): time on the CPU and time waiting for one, in nanoseconds. */
function openScheduler() {
  try {
    return openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
  } catch {
    return undefined
  }
}
