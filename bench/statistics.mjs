// @ts-check
/** Numbers out of samples. */

/** The value that `share` (0 to 1) of the samples do not exceed. @param {readonly number[]} samples @param {number} share */
export function percentile(samples, share) {
  if (samples.length === 0) return Number.NaN
  const sorted = [...samples].sort((a, b) => a - b)
  return /** @type {number} */ (sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)])
}

/** @param {readonly number[]} samples */
export const p50 = (samples) => percentile(samples, 0.5)

/** @param {readonly number[]} samples */
export const p99 = (samples) => percentile(samples, 0.99)

/** @param {readonly number[]} samples */
export const firstTenth = (samples) => samples.slice(0, Math.ceil(samples.length / 10))

/** @param {readonly number[]} samples */
export const lastTenth = (samples) => samples.slice(-Math.ceil(samples.length / 10))

/** Milliseconds that `work` took. @param {() => Promise<unknown>} work */
export async function time(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** @typedef {{ wall: number, cpu: number }} Sample milliseconds */

/** What `work` took. @param {() => Promise<unknown>} work @returns {Promise<Sample>} */
export async function sample(work) {
  const before = process.cpuUsage()
  const wall = await time(work)
  const { user, system } = process.cpuUsage(before)
  return { wall, cpu: (user + system) / 1000 }
}
