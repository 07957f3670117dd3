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
  // Without texts: what is measured includes the garbage collections that measuring causes.
  const numbers = [0, 0]
  for (let at = 0, n = 0; at < length && n < 2; at++) {
    const byte = /** @type {number} */ (buffer[at])
    if (byte === 0x20) n++
    else numbers[n] = /** @type {number} */ (numbers[n]) * 10 + byte - 0x30
  }
  const [had = 0, waited = 0] = numbers
  return { had: had / 1e6, waited: waited / 1e6 }
}

/** proc(5): time on the CPU and time waiting for one, in nanoseconds. */
function openScheduler() {
  try {
    return openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
  } catch {
    return undefined
  }
}
