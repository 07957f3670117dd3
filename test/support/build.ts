/** Builds `dist` once before the tests, for those that run what a user runs; no test sees or fills the user's cache. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildIfStale, ROOT } from '../../scripts/build.mjs'

export { ROOT }

export default async function setup(): Promise<() => void> {
  await buildIfStale()
  const cache = mkdtempSync(join(tmpdir(), 'forkpoint-cache-'))
  process.env.XDG_CACHE_HOME = cache
  return () => rmSync(cache, { recursive: true, force: true })
}
