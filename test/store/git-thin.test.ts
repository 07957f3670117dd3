/** Histories of all kinds before and after a thinning: what stays is as it was. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { InvalidStateError, NotFoundError } from '../../src/errors.ts'
import { redactTexts } from '../../src/redaction/index.ts'
import type { Session } from '../../src/state/session.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { ThinOptions } from '../../src/store/git/rewriting/thin.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { expectWhole, fill, message, storeAt } from './support/git-store.ts'
import { addRandomHistory } from './support/random-history.ts'

const DAY = 86_400_000
const START = Date.parse('2024-01-01T00:00:00Z')

type State = Session & { parent?: { session: string; checkpoint: string } }

/** A checkpoint before a thinning, with its state and the text of its tree. */
interface Known {
  id: string
  /** The session that made it, and one that reaches it. */
  session: string
  via: string
  kind: string
  at: number
  seq: number
  state: State
  /** What it stands on: the last parent. */
  below: string | undefined
}

async function knownOf(store: GitSessionStore): Promise<Map<string, Known>> {
  const known = new Map<string, Known>()
  const format = '--format=%H %(trailers:key=Forkpoint-Session,valueonly,separator=)'
  const makers = new Map(
    gitText(store.folder, ['log', '--all', format])
      .split('\n')
      .map((line) => [line.slice(0, 40), line.slice(41)]),
  )
  for await (const { id: session } of store.list())
    for (const { name } of await store.branches(session))
      for await (const one of store.log(session, { at: name, steps: true })) {
        if (known.has(one.id)) continue
        const state = (await store.load(session, { at: one.id })) as State
        const { id, kind, seq, parents } = one
        const below = parents.at(-1)
        known.set(id, {
          id,
          session: makers.get(id)!,
          via: session,
          kind,
          at: Date.parse(one.createdAt),
          seq,
          state,
          below,
        })
      }
  return known
}

/** The plain model: which checkpoints of the session a rule leaves out. */
function expectedOf(
  known: ReadonlyMap<string, Known>,
  tips: readonly string[],
  named: ReadonlySet<string>,
  session: string,
  {
    keepLast = 0,
    before,
    insideTurnsOnly = false,
  }: { keepLast?: number; before: number; insideTurnsOnly?: boolean },
): Set<string> {
  const kept = new Set<string>()
  const line = (tip: string) => {
    const found: Known[] = []
    for (
      let at = known.get(tip);
      at !== undefined;
      at = at.below === undefined ? undefined : known.get(at.below)
    )
      found.push(at)
    return found
  }
  for (const tip of tips) {
    const all = line(tip)
    const unfinished = all.findIndex((one) => one.kind !== 'step')
    for (const [n, one] of all.entries())
      if (n < keepLast || one.at >= before || n < (unfinished < 0 ? all.length : unfinished)) kept.add(one.id)
  }
  const mine = new Set(tips.flatMap((tip) => line(tip).map((one) => one.id)))
  const above = (id: string) => [...known.values()].filter((one) => one.below === id)
  for (const one of known.values()) {
    const on = above(one.id)
    const isForkPoint = on.length !== 1 || on[0]!.kind === 'fork'
    const isOther = one.session !== session || one.kind === 'fork' || one.below === undefined
    if (isForkPoint || isOther || named.has(one.id) || !mine.has(one.id)) kept.add(one.id)
    if (insideTurnsOnly && one.kind !== 'step') kept.add(one.id)
  }
  // The end of a turn stays if a step of it stays.
  for (const step of known.values()) {
    if (step.kind !== 'step' || !kept.has(step.id)) continue
    let ends = above(step.id)
    while (ends.length > 0) {
      for (const end of ends) if (end.kind !== 'step') kept.add(end.id)
      ends = ends.filter((one) => one.kind === 'step').flatMap((one) => above(one.id))
    }
  }
  return new Set([...known.keys()].filter((id) => !kept.has(id)))
}

const withParent = (state: State, checkpoint: string): State => ({
  ...state,
  parent: { ...state.parent!, checkpoint },
})

const treeOf = (store: GitSessionStore, id: string): string =>
  gitText(store.folder, ['rev-parse', `${id}^{tree}`])

async function expectThinned(store: GitSessionStore, session: string, options: ThinOptions): Promise<number> {
  const known = await knownOf(store)
  const tips = (await store.branches(session)).map(({ head }) => head)
  const named = new Set<string>()
  for await (const { id } of store.list()) {
    for (const { head } of await store.branches(id)) named.add(head)
    for (const { checkpoint } of await store.tags(id)) named.add(checkpoint)
  }
  const refs = gitText(store.folder, ['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags'])
  const trees = new Map([...known.keys()].map((id) => [id, treeOf(store, id)]))
  const { olderThan, ...rule } = options
  const before = olderThan instanceof Date ? olderThan.getTime() : Number.POSITIVE_INFINITY
  const left = expectedOf(known, tips, named, session, {
    before,
    ...(rule.keepLast !== undefined && { keepLast: rule.keepLast }),
    ...(rule.insideTurnsOnly !== undefined && { insideTurnsOnly: rule.insideTurnsOnly }),
  })

  expect((await store.thin(session, { ...options, dryRun: true })).thinned).toBe(left.size)
  expect(await knownOf(store)).toEqual(known)
  const report = await store.thin(session, options)
  expect(report).toMatchObject({ thinned: left.size, remaining: [] })
  const now = await knownOf(store)
  expect(now.size).toBe(known.size - left.size)
  /** New ids by old ones. */
  const ids = new Map<string, string>()
  for (const one of known.values()) ids.set(one.id, await store.resolve(one.via, one.id))
  for (const one of known.values()) {
    if (left.has(one.id)) continue
    const made = now.get(ids.get(one.id)!)!
    let below = one.below
    while (below !== undefined && left.has(below)) below = known.get(below)!.below
    // The head of a fork names the checkpoint that it started from.
    const parent = one.state.parent?.checkpoint
    const state = parent === undefined ? one.state : withParent(one.state, ids.get(parent)!)
    expect(made, one.id).toEqual({ ...one, id: made.id, below: below && ids.get(below), state })
    if (parent === undefined) expect(treeOf(store, made.id)).toBe(trees.get(one.id))
  }
  for (const id of left) {
    const next = [...known.values()].find((one) => one.below === id)!
    expect(ids.get(id)).toBe(ids.get(next.id))
  }
  expect(gitText(store.folder, ['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags'])).toBe(refs)
  expect((await store.verify()).problems).toEqual([])
  expectWhole(store.folder)
  expect((await store.thin(session, options)).thinned).toBeLessThanOrEqual(left.size)
  return left.size
}

/** A store whose clock goes on by an hour for each checkpoint. */
async function randomStore(seed: number): Promise<GitSessionStore> {
  let now = START
  const store = storeAt(join(tempFolder(), 'store'), { now: () => now })
  const tick = () => {
    now += DAY / 24
  }
  await addRandomHistory(store, { seed, operations: 60, steps: 0.5, say: (n) => `text ${n}`, tick })
  return store
}

const RULES: readonly ThinOptions[] = [
  { keepLast: 3 },
  { olderThan: new Date(START + DAY) },
  { insideTurnsOnly: true },
  { keepLast: 5, olderThan: new Date(START + 2 * DAY), insideTurnsOnly: true },
]

test.each([1, 2, 3, 4, 5])(
  'a random history keeps what the rule keeps, and its states (%i)',
  async (seed) => {
    const store = await randomStore(seed)
    let left = await expectThinned(store, 'a', RULES[seed % RULES.length]!)
    left += await expectThinned(store, 'a', { keepLast: 1 })
    expect(left).toBeGreaterThan(0)
    // A later rewrite finds all of it, and the sessions go on.
    await store.rewrite('a', redactTexts(['text 1']), { scope: 'all' })
    for await (const { id } of store.list()) await store.append(id, { messages: [message('next', 'next')] })
    expect((await store.verify()).problems).toEqual([])
  },
  120_000,
)

test('only what lies between is left out, and what it added counts for the next checkpoint', async () => {
  const store = storeAt(join(tempFolder(), 'store'))
  await fill(store, 'demo', 6)
  await store.tag('demo', 'kept', { at: 'main~3' })
  const ids = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((n) => store.resolve('demo', `main~${6 - n}`)))
  const report = await store.thin('demo', { keepLast: 2 })
  expect(report).toMatchObject({ thinned: 3, rewritten: 3, remaining: [], sessions: ['demo'] })
  const lines = gitText(store.folder, [
    ...['log', 'demo/main'],
    '--format=%(trailers:key=Forkpoint-Seq,key=Forkpoint-Messages,key=Forkpoint-Thinned,valueonly,separator=%x2c)',
  ])
  // The tagged one is the fourth; two before it are left out, and one after it.
  expect(lines.trim().split('\n')).toEqual(['7,5..5', '6,3..4,1', '4,0..2,2', '1'])
  for (const [old, now] of [
    [1, 3],
    [2, 3],
    [4, 5],
  ] as const)
    expect(await store.resolve('demo', ids[old]!)).toBe(await store.resolve('demo', ids[now]!))
  // Once more: the counts add up.
  await store.delete('demo', { tag: 'kept' })
  expect(await store.thin('demo', { keepLast: 1 })).toMatchObject({ thinned: 2 })
  expect(gitText(store.folder, ['log', '-1', '--format=%(trailers)', 'demo/main'])).toContain('Thinned: 5')
  expect(await store.resolve('demo', ids[1]!)).toBe(await store.resolve('demo', 'main'))
  expect((await store.load('demo'))!.messages).toHaveLength(6)
  expect((await store.verify()).problems).toEqual([])
})

test('a thinned store is smaller, and the same rule makes the same ids elsewhere', async () => {
  const folder = tempFolder()
  const [one, two] = [storeAt(join(folder, 'one')), storeAt(join(folder, 'two'))]
  await fill(one, 'demo', 200, 2000)
  await one.maintain()
  gitText(folder, ['clone', '--quiet', '--mirror', one.folder, two.folder])
  const bytes = (await one.maintain({ purge: true })) && packedBytes(one)
  const olderThan = new Date(Date.now() + DAY)
  await one.thin('demo', { keepLast: 3, olderThan })
  await two.thin('demo', { keepLast: 3, olderThan })
  expect(await two.resolve('demo', 'main')).toBe(await one.resolve('demo', 'main'))
  expect(packedBytes(one)).toBeLessThan(bytes)
  expect((await one.verify()).checkpoints).toBe(4)
})

const packedBytes = ({ folder }: GitSessionStore): number =>
  Number(/size-pack: (\d+)/.exec(gitText(folder, ['count-objects', '-v']))![1])

test('wrong options are refused, and nothing is left out', async () => {
  const store = storeAt(join(tempFolder(), 'store'))
  await fill(store, 'demo', 3)
  await expect(store.thin('demo', {})).rejects.toThrow(TypeError)
  for (const options of [
    { keepLast: -1 },
    { keepLast: 1.5 },
    { olderThan: 'soon' },
    { olderThan: new Date('x') },
  ])
    await expect(store.thin('demo', options)).rejects.toThrow(InvalidStateError)
  await expect(store.thin('nobody', { keepLast: 1 })).rejects.toThrow(NotFoundError)
  expect(await store.thin('demo', { olderThan: '1h' })).toMatchObject({ thinned: 0, rewritten: 0, refs: [] })
  expect((await store.verify()).checkpoints).toBe(4)
})
