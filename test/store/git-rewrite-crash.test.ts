/** A rewrite that is stopped leaves the old history or the new one, on every disk that may be left. */
import { expect, test } from 'vitest'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { rewriteHistory } from '../../src/checkpoints/rewriting/rewrite.ts'
import type { Repository } from '../../src/git/repository.ts'
import type { SessionId } from '../../src/ids.ts'
import { redactTexts } from '../../src/redaction/index.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { pageRules } from '../../src/store/pages/rules.ts'
import { redactPieces } from '../../src/store/redaction/deltas.ts'
import { expectAllOrNothing } from './support/every-stop.ts'
import { emptySession, message } from './support/git-store.ts'

const SECRET = 'correct horse battery'

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
  (_, change) =>
    expectAllOrNothing({
      prepare: async (store) => {
        await store.save(emptySession('demo'))
        for (const [n, text] of ['one', `use ${SECRET}`, 'three'].entries())
          await store.append('demo', { messages: [message(`m${n}`, text)] })
        await store.tag('demo', 'leaked')
        await store.fork('demo', { at: 'main~1', branch: 'try' })
        await store.fork('demo', { at: 'main', session: 'fork' })
      },
      change,
      look: historyOf,
      check: async (store, isRewritten, what) => {
        const { messages } = (await store.load('demo'))!
        const leaks = messages.some(({ content }) => content.includes(SECRET))
        expect(leaks, what).toBe(!isRewritten)
      },
    }),
)
