/** A machine that fetches a rewrite has the old history or the new one on every disk that a stop may leave, and the next sync completes. */
import { expect, test } from 'vitest'
import type { Repository } from '../../src/git/repository.ts'
import { redactTexts } from '../../src/redaction/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText } from '../git/real-git.ts'
import { aftermaths, POWER_LOSSES, ROOT, Scene } from '../git/support/crash.ts'
import { judge } from '../git/support/judge.ts'
import { message } from '../store/support/git-store.ts'
import { begin, httpServer, machine, refsAt, say } from './support/machines.ts'

const SECRET = 'correct horse battery'
const SOAK = process.env.FORKPOINT_SOAK === '1'
/** Each sync is several requests to a real server: after how many stops one is made. */
const SYNCED = SOAK ? 1 : 6

const historyOf = ({ refs }: Repository): Record<string, string> =>
  Object.fromEntries(
    (['refs/heads/', 'refs/tags/', 'refs/forkpoint/rewritten/'] as const).flatMap((at) =>
      [...refs.list(at)].filter(([ref]) => !ref.startsWith('refs/heads/own/')),
    ),
  )

test('old or new, never a mixture, wherever it stops', { timeout: 600_000 }, async () => {
  const server = await httpServer()
  // What judges the disk reads packs without deltas only.
  gitText(server.folder, ['config', 'pack.window', '0'])
  const one = machine(server.url, 'one')
  const ids = await begin(one)
  ids.push(await say(one, `use ${SECRET}`), await say(one, 'and on'))
  await one.fork('demo', { branch: 'try', at: ids[3]! })
  await one.fork('demo', { session: 'fork', at: ids[4]! })
  await one.tag('demo', 'leak', { at: ids[3]! })
  await one.push()

  const scene = new Scene()
  const repository = scene.repository()
  const options = { remote: { url: server.url }, replicate: false, writer: 'two' } as const
  const two = new GitSessionStore(repository, options)
  await two.fetch()
  await begin(two, 'own')
  await repository.settle()
  const before = historyOf(repository)
  await one.rewrite('demo', redactTexts([SECRET]))
  await one.push()
  scene.record()
  await two.fetch()
  const after = historyOf(repository)
  expect(after).not.toEqual(before)
  await scene.end()

  const atServer = refsAt(server.folder, 'refs/heads/demo', 'refs/heads/fork', 'refs/tags/demo')
  expect(after).toMatchObject(atServer)
  const seen = new Set<boolean>()
  let synced = 0
  for (const [n, cut] of scene.cuts.entries()) {
    const losses = SOAK
      ? [...POWER_LOSSES, n + 1]
      : [n % 2 === 0 ? ('nothing' as const) : n, POWER_LOSSES[2 + (n % 4)]!]
    for (const { disk, life, what } of aftermaths(cut, losses)) {
      const later = () => Date.now() + 7_200_000
      const next = new Scene(disk, life, [], later)
      const reopened = next.repository({ now: later })
      const again = new GitSessionStore(reopened, options)
      // The first write finishes what the dead have left.
      await again.append('own', { messages: [message('next', 'next')] })
      const found = historyOf(reopened)
      expect([before, after], what).toContainEqual(found)
      const isNew = JSON.stringify(found) === JSON.stringify(after)
      seen.add(isNew)
      for (const id of ['demo', 'fork']) {
        const { messages } = (await again.load(id))!
        expect(
          messages
            .map(({ content }) => content)
            .join()
            .includes(SECRET),
          what,
        ).toBe(!isNew)
      }
      if (synced++ % SYNCED === 0) {
        const { fetch } = await again.sync({ only: ['demo', 'fork'] })
        expect(fetch, what).toMatchObject({ diverged: [], hidden: [], outdated: [], deleted: [] })
        expect(historyOf(reopened), what).toEqual(after)
        const status = await again.remoteStatus()
        expect(
          status.sessions.filter(({ session }) => session !== 'own'),
          what,
        ).toEqual([])
      }
      await next.end()
      expect(judge(disk, ROOT).problems, what).toEqual([])
    }
  }
  expect([...seen].sort()).toEqual([false, true])
  expect(refsAt(server.folder, 'refs/heads/demo', 'refs/heads/fork', 'refs/tags/demo')).toEqual(atServer)
})
