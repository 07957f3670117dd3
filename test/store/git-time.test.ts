/** What git shows of times: the author's is when a checkpoint was made, the committer's never runs backwards. */
import { expect, test } from 'vitest'
import { gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

const NOW = Date.UTC(2026, 0, 2)
const FAR = Date.UTC(2099, 0, 1)

/** Author's and committer's dates and At, newest first. */
const timesOf = (folder: string, ref: string): (number | undefined)[][] =>
  gitText(folder, ['log', '--format=%at %ct %(trailers:key=Forkpoint-At,valueonly,separator=)', ref])
    .split('\n')
    .map((line) => line.split(' ').map(Number))

test('one clock that was ahead dates one checkpoint, not those after it', async () => {
  const folder = tempFolder()
  const store = storeAt(folder, { now: () => NOW })
  await store.save(emptySession('s'), { at: FAR })
  await store.append('s', { messages: [message('a', 'x')] })
  await store.append('s', { messages: [message('b', 'y')] }, { kind: 'step' })
  // Whoever opens the store anew knows the committer's date from the commit.
  const other = storeAt(folder, { now: () => NOW + 1000 })
  await other.append('s', { messages: [message('c', 'z')] })
  await other.fork('s', { session: 'f' })
  const [far, now] = [FAR / 1000, NOW / 1000]
  expect(timesOf(folder, 's/main')).toEqual([
    [now + 1, far, NOW + 1000],
    [now, far, NOW],
    [now, far, NOW],
    [far, far, FAR],
  ])
  expect(timesOf(folder, 'f/main')[0]).toEqual([now + 1, far, NOW + 1000])
  expect(gitText(folder, ['fsck', '--strict'])).toBe('')
  const log = []
  for await (const { createdAt } of other.log('s')) log.push(createdAt.slice(0, 4))
  expect(log).toEqual(['2026', '2026', '2099'])
  expect((await store.verify()).problems).toEqual([])
})
