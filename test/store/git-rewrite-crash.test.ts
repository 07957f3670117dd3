/** A rewrite that is stopped leaves the old history or the new one, on every disk that may be left. */
import { expect, test } from 'vitest'
import type { Repository } from '../../src/git/repository.ts'
import { redactTexts } from '../../src/redaction/index.ts'
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

test('old or new, never a mixture, wherever it stops', { timeout: 300_000 }, () =>
  expectAllOrNothing({
    prepare: async (store) => {
      await store.save(emptySession('demo'))
      for (const [n, text] of ['one', `use ${SECRET}`, 'three'].entries())
        await store.append('demo', { messages: [message(`m${n}`, text)] })
      await store.tag('demo', 'leaked')
      await store.fork('demo', { at: 'main~1', branch: 'try' })
      await store.fork('demo', { at: 'main', session: 'fork' })
    },
    change: (store) => store.rewrite('demo', redactTexts([SECRET])),
    look: historyOf,
    check: async (store, isRewritten, what) => {
      const { messages } = (await store.load('demo'))!
      const leaks = messages.some(({ content }) => content.includes(SECRET))
      expect(leaks, what).toBe(!isRewritten)
    },
  }),
)
