/** A rewrite that is stopped leaves the old history or the new one, on every disk that may be left. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { rewriteHistory } from '../../src/checkpoints/rewriting/rewrite.ts'
import type { Repository } from '../../src/git/repository.ts'
import type { SessionId } from '../../src/ids.ts'
import { redactTexts } from '../../src/redaction/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { pageRules } from '../../src/store/pages/rules.ts'
import { redactPieces } from '../../src/store/redaction/deltas.ts'
import { aftermaths, POWER_LOSSES, ROOT, Scene } from '../git/support/crash.ts'
import { exportTo } from '../git/support/disk-state.ts'
import { judge } from '../git/support/judge.ts'
import { emptySession, expectWhole, message, withoutGit } from './support/git-store.ts'

const SECRET = 'correct horse battery'
const SOAK = process.env.FORKPOINT_SOAK === '1'

/** What the session's refs name, and whether there is a map. */
function historyOf({ refs }: Repository): Record<string, string | boolean> {
  const own = (['refs/heads/demo/', 'refs/heads/fork/', 'refs/tags/demo/'] as const).flatMap((at) => [
    ...refs.list(at),
  ])
  return { ...Object.fromEntries(own), map: refs.read('refs/forkpoint/rewritten/demo') !== undefined }
}

/** A rewrite, and the purge that follows it; the objects are stored before the change when there are so many bytes of them. */
async function rewrite(store: GitSessionStore, repository: Repository, mostHeld: number): Promise<void> {
  await rewriteHistory(repository, checkpointsOf(store), {
    session: 'demo' as SessionId,
    scope: 'related',
    redact: redactTexts([SECRET]),
    pieces: redactPieces,
    pages: pageRules(),
    isDry: false,
    mostHeld,
    onProgress: undefined,
  })
  await store.maintain({ purge: true })
}

const WAYS = {
  'as one pack': (store: GitSessionStore) => store.rewrite('demo', redactTexts([SECRET])),
  'as packs that are placed ahead': (store: GitSessionStore, repository: Repository) =>
    rewrite(store, repository, 3000),
}

test.each(Object.entries(WAYS))(
  'old or new, never a mixture, wherever it stops: %s',
  { timeout: 300_000 },
  async (_, act) => {
    withoutGit()
    const scene = new Scene()
    const repository = scene.repository()
    const store = new GitSessionStore(repository)
    await store.save(emptySession('other'))
    await store.save(emptySession('demo'))
    for (const [n, text] of ['one', `use ${SECRET}`, 'three'].entries())
      await store.append('demo', { messages: [message(`m${n}`, text)] })
    await store.tag('demo', 'leaked')
    await store.fork('demo', { at: 'main~1', branch: 'try' })
    await store.fork('demo', { at: 'main', session: 'fork' })
    await repository.settle()
    const before = historyOf(repository)
    scene.record()
    await act(store, repository)
    const after = historyOf(repository)
    expect(after).not.toEqual(before)
    await scene.end()

    const seen = new Set<boolean>()
    for (const [n, cut] of scene.cuts.entries()) {
      const losses = SOAK
        ? [...POWER_LOSSES, n + 1, n + 2]
        : [n % 2 === 0 ? ('nothing' as const) : n, POWER_LOSSES[2 + (n % 4)]!]
      for (const { disk, life, what } of aftermaths(cut, losses)) {
        const later = () => Date.now() + 7_200_000
        const next = new Scene(disk, life, [], later)
        const reopened = next.repository({ now: later })
        const again = new GitSessionStore(reopened)
        // The first write finishes what the dead have left.
        await again.append('other', { messages: [message('next', 'next')] })
        const found = historyOf(reopened)
        expect([before, after], what).toContainEqual(found)
        seen.add(found.map === true)
        const { messages } = (await again.load('demo'))!
        expect(
          messages.some(({ content }) => content.includes(SECRET)),
          what,
        ).toBe(!found.map)
        await next.end()
        expect(judge(disk, ROOT).problems, what).toEqual([])
        if (n % 40 === 0) expectCleanForGit(disk)
      }
    }
    expect([...seen].sort()).toEqual([false, true])
  },
)

function expectCleanForGit(disk: Parameters<typeof exportTo>[0]): void {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-rewrite-crash-'))
  try {
    exportTo(disk, ROOT, folder)
    expectWhole(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
