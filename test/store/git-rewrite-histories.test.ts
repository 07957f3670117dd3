/** Histories of all kinds before and after a rewrite: each checkpoint is what it was, but for what was taken out. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ForkpointSaver } from '../../src/adapters/langgraph/index.ts'
import { ForkpointAgentsSession } from '../../src/adapters/openai-agents/index.ts'
import { importClaudeCode } from '../../src/importers/index.ts'
import { redactTexts } from '../../src/redaction/index.ts'
import { redactInside } from '../../src/redaction/redact.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { Checkpoint } from '../../src/store/session-store.ts'
import { Run } from '../adapters/langgraph/context.ts'
import { assistant, user } from '../adapters/openai-agents/context.ts'
import { DEMO } from '../cli/command-line.ts'
import { tempFolder } from '../git/real-git.ts'
import { emptySession, expectWhole, realGit, storeAt } from './support/git-store.ts'
import { everythingIn } from './support/inflated.ts'
import { addRandomHistory } from './support/random-history.ts'

const SECRET = 'correct "horse" battery'

/** The state of every checkpoint that branches reach, and what else is said of it, by session and id. */
async function statesOf(store: GitSessionStore): Promise<Map<string, [string, unknown, object]>> {
  const states = new Map<string, [string, unknown, object]>()
  for await (const { id: session } of store.list())
    for (const { name } of await store.branches(session))
      for await (const one of store.log(session, { at: name, steps: true })) {
        const state = await store.load(session, { at: one.id })
        states.set(`${session} ${one.id}`, [one.id, state, described(one)])
      }
  return states
}

const described = ({ kind, seq, createdAt, key, messages, run, branch, author, parents }: Checkpoint) => ({
  ...{ kind, seq, createdAt, key, messages, run, branch, author },
  parents: parents.length,
})

async function expectRewritten(folder: string, text: string, session: string): Promise<void> {
  const store = storeAt(folder)
  const before = await statesOf(store)
  const redact = redactTexts([text], { key: 'key' })
  const report = await store.rewrite(session, redact, { scope: 'all' })
  expect(report.remaining).toEqual([])
  expect(report.rewritten).toBeGreaterThan(0)
  for (const [name, [id, state, what]] of before) {
    const own = name.slice(0, name.lastIndexOf(' '))
    const { parent: _, ...now } = (await store.load(own, { at: id })) as unknown as Record<string, unknown>
    const { parent: __, ...was } = redactInside(state as object, redact) as Record<string, unknown>
    expect(now, name).toEqual(was)
    expect(described(await store.checkpoint(own, id)), name).toEqual(what)
  }
  expect((await store.verify()).problems).toEqual([])
  expect(await store.rewrite(session, redact, { scope: 'all', dryRun: true })).toMatchObject({ rewritten: 0 })
  await store.close()
  for (const form of [text, JSON.stringify(text).slice(1, -1)]) {
    const holding = everythingIn(folder).filter(({ bytes }) => bytes.includes(form))
    expect(holding.map(({ name }) => name)).toEqual([])
    expect(realGit(folder, 'log', '--all', '--format=%H', `-S${form}`).text).toBe('')
  }
  expectWhole(folder)
}

test.each([1, 2, 3, 4, 5, 6])(
  'random sessions (%i)',
  async (seed) => {
    const folder = join(tempFolder(), 'store')
    const store = storeAt(folder)
    const say = (_: number, random: () => number) => {
      const text = random() < 0.25 ? `use ${SECRET}` : `text ${Math.floor(random() * 1000)}`
      return random() < 0.2 ? `${'a line\n'.repeat(900)}${text}` : text
    }
    await addRandomHistory(store, { seed, operations: 40, steps: 0.3, say })
    await store.close()
    await expectRewritten(folder, SECRET, 'a')
  },
  60_000,
)

test('an imported session', async () => {
  const folder = join(tempFolder(), 'store')
  const store = storeAt(folder)
  const { session } = await importClaudeCode(DEMO, store)
  await store.close()
  await expectRewritten(folder, 'limiter', session)
}, 60_000)

test('what adapters keep reads as before', async () => {
  const folder = join(tempFolder(), 'store')
  const store = storeAt(folder)
  await store.save(emptySession('plain'))
  const saver = new ForkpointSaver(store)
  const run = new Run(saver, { configurable: { thread_id: 'thread' } })
  const bytes = new Uint8Array(Buffer.from(`\0${SECRET}\0`))
  await run.put({ text: 'one', list: ['x'] }, 'input')
  await run.put({ text: `two ${SECRET}`, list: ['x', { deep: SECRET }], bytes })
  await saver.putWrites(run.config, [['text', `three ${SECRET}`]], 'task')
  const agents = new ForkpointAgentsSession({ store, sessionId: 'agents' })
  await agents.addItems([user(`question ${SECRET}`), assistant('answer')])
  await agents.addItems([user('more'), assistant(`it is ${SECRET}`)])
  const items = await agents.getItems()
  const tuple = await saver.getTuple(run.config)

  const redact = redactTexts([SECRET], { key: 'key' })
  const report = await store.rewrite('plain', redact, { scope: 'all' })
  expect(report.sessions.sort()).toEqual(['agents', 'thread'])
  expect(report.remaining).toEqual([])
  const again = new ForkpointSaver(store)
  const marked = (value: unknown) => JSON.parse(JSON.stringify(value), (_, inner) => redact(inner, []))
  const now = await again.getTuple(run.config)
  const { bytes: stored, ...values } = now!.checkpoint.channel_values
  const { bytes: _, ...before } = tuple!.checkpoint.channel_values
  expect(values).toEqual(marked(before))
  expect(Buffer.from(stored as Uint8Array).toString()).toMatch(/^\0\[redacted:text:.{8}\]\0$/)
  expect(now!.pendingWrites).toEqual(marked(tuple!.pendingWrites))
  const reread = new ForkpointAgentsSession({ store, sessionId: 'agents' })
  expect(await reread.getItems()).toEqual(marked(items))
  // They go on from there.
  await reread.addItems([user('next')])
  const next = await Run.at(again, run.config)
  await next.put({ text: 'four' })
  expect((await store.verify()).problems).toEqual([])
  await store.close()
  expect(everythingIn(folder).filter(({ bytes: all }) => all.includes(SECRET))).toEqual([])
  expectWhole(folder)
}, 60_000)
