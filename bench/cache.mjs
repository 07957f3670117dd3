// @ts-check
/**
 * With a user's cache of its own: what that has is not measured, and nothing of the bench stays in it.
 *
 * @template T @param {string} folder @param {() => Promise<T>} work
 */
export async function withCache(folder, work) {
  const before = process.env.XDG_CACHE_HOME
  process.env.XDG_CACHE_HOME = folder
  try {
    return await work()
  } finally {
    if (before === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = before
  }
}
