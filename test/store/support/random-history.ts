/** Sessions with random histories: appends, saves, steps, runs, reverted messages, branches, forks and tags. */
import type { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { seeded } from '../../redaction/sample.ts'
import { emptySession, message } from './git-store.ts'

export interface HistoryOptions {
  seed: number
  operations: number
  /** The share of checkpoints that are steps inside a turn. */
  steps: number
  /** Returns the title, prompt or message of an operation. */
  say(n: number, random: () => number): string
  /** Called before each operation. */
  tick?(): void
}

/** Adds the sessions `a` and `b`, and forks of them, to a store. More happens to `a`. */
export async function addRandomHistory(
  store: GitSessionStore,
  { seed, operations, steps, say, tick }: HistoryOptions,
): Promise<void> {
  const random = seeded(seed)
  const below = (most: number) => Math.floor(random() * most)
  const names = ['a', 'b']
  for (const name of names) await store.save({ ...emptySession(name), title: say(0, random) })
  for (let n = 0; n < operations; n++) {
    tick?.()
    const session = names[random() < 0.5 ? 0 : below(names.length)]!
    const branches = await store.branches(session)
    const branch = branches[below(branches.length)]!.name
    const kind = random() < steps ? 'step' : 'save'
    const what = below(12)
    if (what === 0) {
      names.push(`fork ${n}`)
      await store.fork(session, { at: branch, session: `fork ${n}` })
    } else if (what === 1) await store.fork(session, { at: branch, branch: `b${n}` })
    else if (what === 2) await store.tag(session, `t${n}`, { at: branch })
    else if (what === 3) {
      const state = (await store.load(session, { branch }))!
      const messages = state.messages.slice(0, below(state.messages.length + 1))
      await store.save({ ...state, title: say(n, random), messages }, { branch, expected: 'any', kind })
    } else if (what === 4) {
      const startedAt = '2024-01-01T00:00:00.000Z'
      const events = [{ sequence: 0, at: startedAt, type: 'note', text: say(n, random) }]
      const run = { id: `r${n}`, status: 'done', prompt: say(n, random), startedAt, events }
      await store.append(session, { runs: [run] }, { branch, kind })
    } else {
      const messages = [message(`m${n}`, say(n, random))]
      await store.append(session, { messages }, { branch, kind, key: `k${n}` })
    }
  }
}
