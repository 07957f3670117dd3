// @ts-check
/**
 * node bench/archive.mjs [sessions]: what archiving does to a store, with `npm run build` done before. Prints refs, the time that
 * `list` of 20 takes in a store that was just opened, and that of `load` of an archived session.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GitSessionStore, newSession } from '../dist/index.js'

const count = Number(process.argv[2] ?? 3000)
const folder = mkdtempSync(join(tmpdir(), 'forkpoint-archive-'))
const DAY = 864e5
try {
  const store = new GitSessionStore(folder, { pages: false })
  const begin = Date.now() - 365 * DAY
  for (let n = 0; n < count; n += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, count - n) }, (_, i) =>
        store.save(newSession(`session-${n + i}`), { at: begin + ((n + i) / count) * 360 * DAY }),
      ),
    )
  await store.maintain()
  await store.close()
  await report('before')
  const archiving = new GitSessionStore(folder)
  const started = performance.now()
  const { archived, archives } = await archiving.archive({ olderThan: '30d' })
  await archiving.close()
  console.log(
    `archived ${archived.length} sessions in ${archives.length} refs in ${Math.round(performance.now() - started)} ms`,
  )
  await report('after')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** @param {string} when */
async function report(when) {
  const refs =
    spawnSync('git', ['--git-dir', folder, 'for-each-ref'], { encoding: 'utf8' }).stdout.split('\n').length -
    1
  const [list, load] = [[], []].map(() => /** @type {number[]} */ ([]))
  for (let round = 0; round < 7; round++) {
    const store = new GitSessionStore(folder)
    let from = performance.now()
    for await (const _ of store.list({ limit: 20 }));
    list?.push(performance.now() - from)
    await store.close()
    const other = new GitSessionStore(folder)
    from = performance.now()
    await other.load('session-0')
    load?.push(performance.now() - from)
    await other.close()
  }
  console.log(`${when}: ${refs} refs, list of 20 ${median(list)} ms, load of an old one ${median(load)} ms`)
}

/** @param {number[]} [times] */
function median(times = []) {
  return [...times].sort((a, b) => a - b)[times.length >> 1]?.toFixed(1)
}
