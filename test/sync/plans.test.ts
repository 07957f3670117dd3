/** What a fetch and a push decide, by tables: no repository is needed for it. */
import { describe, expect, test } from 'vitest'
import { Graves } from '../../src/checkpoints/tombstones/graves.ts'
import type { Tombstone, TombstoneKind } from '../../src/checkpoints/tombstones/tombstone.ts'
import type { CommitId } from '../../src/ids.ts'
import { batchesOf, sendInHalves } from '../../src/sync/batches.ts'
import { planFetch, type RefFacts } from '../../src/sync/planning/fetch-plan.ts'
import { planPush } from '../../src/sync/planning/push-plan.ts'
import { writerName } from '../../src/sync/writer.ts'

const id = (letter: string) => letter.repeat(40) as CommitId
const [A, B, C] = [id('a'), id('b'), id('c')]
const KEY = 'heads/demo/main'
const ASIDE = 'heads/demo/main--me-aaaaaaaa'

const fact = (given: Partial<RefFacts>): RefFacts => ({
  key: KEY,
  kind: 'branch',
  local: undefined,
  seen: undefined,
  remote: undefined,
  relation: undefined,
  fate: 'alive',
  isRemoteDead: false,
  isOutdated: false,
  isRemoteOutdated: false,
  aside: ASIDE,
  there: given.remote,
  ...given,
})

describe('a fetch', () => {
  test.each<[string, Partial<RefFacts>, Record<string, string | undefined>]>([
    ['takes what is new', { remote: A }, { [KEY]: A }],
    ['moves forward', { local: A, remote: B, relation: 'behind' }, { [KEY]: B }],
    ['leaves what is the same', { local: A, remote: A, relation: 'same' }, {}],
    ['leaves what is ahead', { local: B, remote: A, relation: 'ahead' }, {}],
    ['leaves what the remote never had', { local: A }, {}],
    ['leaves what the remote has lost', { local: A, seen: A }, {}],
    ['moves ours aside', { local: A, remote: B, relation: 'diverged' }, { [ASIDE]: A, [KEY]: B }],
    ['deletes what is dead', { local: A, seen: A, fate: 'dead' }, { [KEY]: undefined }],
    ['keeps newer work', { local: B, seen: A, fate: 'newer' }, {}],
    ['keeps what cannot be told', { local: B, fate: 'unknown' }, {}],
    ['hides what is dead there', { remote: A, isRemoteDead: true }, {}],
    ['replaces what is dead by what began again', { local: A, remote: C, fate: 'dead' }, { [KEY]: C }],
    [
      'moves newer work out of the way of what began again',
      { local: B, remote: C, fate: 'newer', relation: 'diverged' },
      { [ASIDE]: B, [KEY]: C },
    ],
    ['makes what is gone here without a tombstone again', { seen: A, remote: A }, { [KEY]: A }],
  ])('%s', (_, given, moves) => {
    expect(Object.fromEntries(planFetch([fact(given)]).local)).toEqual(moves)
  })

  test('remembers what it saw, and what it kept as if it were there', () => {
    expect(planFetch([fact({ local: A, seen: A, remote: B, relation: 'behind' })]).seen).toEqual(
      new Map([[KEY, B]]),
    )
    expect(planFetch([fact({ local: A, seen: A })]).seen).toEqual(new Map([[KEY, undefined]]))
    expect(planFetch([fact({ local: B, seen: A, fate: 'newer' })]).seen).toEqual(new Map())
  })

  test('moves a session with lines of an adapter aside as a whole', () => {
    const line = { key: 'heads/demo/_lines', kind: 'line', aside: 'heads/new/_lines' } as const
    const tag = { key: 'tags/demo/v1', kind: 'tag', aside: 'tags/new/v1' } as const
    const plan = planFetch([
      fact({ local: A, remote: B, relation: 'diverged', aside: 'heads/new/main' }),
      fact({ ...line, local: C, remote: C, relation: 'same' }),
      fact({ ...tag, local: A }),
    ])
    expect(Object.fromEntries(plan.local)).toEqual({
      [KEY]: B,
      'heads/new/main': A,
      'heads/demo/_lines': C,
      'heads/new/_lines': C,
      'tags/demo/v1': undefined,
      'tags/new/v1': A,
    })
  })
})

describe('a push', () => {
  const plan = (given: Partial<RefFacts>, more: Partial<Parameters<typeof planPush>[0]> = {}) =>
    planPush({
      refs: [fact(given)],
      gone: { local: undefined, remote: undefined },
      named: new Map([[KEY, new Set([A])]]),
      deniesDeletes: false,
      deniesReplacing: false,
      workspace: false,
      ...more,
    })

  test.each<[string, Partial<RefFacts>, unknown[]]>([
    ['makes what is new', { local: A }, [{ key: KEY, from: undefined, to: A }]],
    ['moves forward', { local: B, remote: A, relation: 'ahead' }, [{ key: KEY, from: A, to: B }]],
    ['leaves what is the same', { local: A, remote: A, relation: 'same' }, []],
    ['forces nothing', { local: B, remote: A, relation: 'diverged' }, []],
    ['leaves what is behind', { local: A, remote: B, relation: 'behind' }, []],
    ['leaves what was not fetched', { local: A, remote: B }, []],
    ['keeps back what a deletion did not know', { local: B, fate: 'newer' }, []],
    ['deletes what is dead', { remote: A, isRemoteDead: true }, [{ key: KEY, from: A, to: undefined }]],
    ['takes workspace lines only on request', { local: A, kind: 'workspace' }, []],
    ['deletes nothing because it is not here', { seen: A, remote: A }, []],
  ])('%s', (_, given, moves) => {
    expect(plan(given).moves).toEqual(moves)
  })

  test('names what it deletes first, and comes back for what begins again', () => {
    expect(plan({ remote: B, isRemoteDead: true }).unnamed).toEqual([{ key: KEY, id: B }])
    expect(plan({ remote: A, isRemoteDead: true, local: C })).toMatchObject({ unnamed: [], again: true })
    const denied = plan({ remote: A, isRemoteDead: true }, { deniesDeletes: true })
    expect(denied).toMatchObject({ moves: [], hidden: [KEY] })
  })

  test('takes the tombstones along, with each deletion', () => {
    const gone = { local: A, remote: undefined }
    expect(plan({}, { gone }).gone).toEqual({ from: undefined, to: A })
    expect(plan({}, { gone: { local: A, remote: A } }).gone).toBeUndefined()
    const deletion = { remote: A, isRemoteDead: true }
    expect(plan(deletion, { gone: { local: A, remote: A } }).gone).toEqual({ from: A, to: A })
  })
})

describe('tombstones', () => {
  const tombstone = (
    at: string,
    kind: TombstoneKind,
    tips: Tombstone['tips'],
    ...parents: string[]
  ): Tombstone => ({
    id: id(at),
    kind,
    tips,
    parents: parents.map(id),
  })
  const named = (graves: Graves, ref = KEY, ...continued: string[]) =>
    graves.of(ref, new Set(continued.map(id))).map((grave) => grave.id)

  test('of a session name tips for each of its refs, of a branch for that branch', () => {
    expect(named(new Graves([tombstone('1', 'session', [['heads/demo/try', A]])]))).toEqual([A])
    expect(named(new Graves([tombstone('1', 'branch', [['heads/demo/try', A]])]))).toEqual([])
  })

  test('do not count for what goes on from them, but later ones do', () => {
    const graves = new Graves([
      tombstone('1', 'session', [[KEY, A]]),
      tombstone('2', 'session', [[KEY, B]], '1'),
    ])
    expect(named(graves, KEY, '1')).toEqual([B])
    expect(named(graves, KEY, '2')).toEqual([])
  })

  test('are taken back for a ref, or for all', () => {
    const deleted = tombstone('1', 'session', [[KEY, A]])
    expect(named(new Graves([deleted, tombstone('2', 'restored', [['all', A]], '1')]))).toEqual([])
    expect(named(new Graves([deleted, tombstone('2', 'restored', [['tags/demo/v1', A]], '1')]))).toEqual([A])
    // Made at the same time: whoever restored did not know of the deletion.
    expect(named(new Graves([deleted, tombstone('2', 'restored', [['all', A]])]))).toEqual([A])
  })

  test('what a remote had goes with the deletion that named it', () => {
    const both = [tombstone('1', 'session', [[KEY, A]]), tombstone('2', 'also', [[KEY, B]], '1')]
    expect(named(new Graves(both))).toEqual([A, B])
    expect(named(new Graves(both), KEY, '1')).toEqual([])
  })
})

test('batches keep together what belongs together', () => {
  const most = { refs: 5, bytes: 100 }
  const refs = (n: number) => ({ refs: n, bytes: 0 })
  const bytes = (n: number) => ({ refs: 1, bytes: n })
  expect(batchesOf([1, 2, 3, 4], refs, most)).toEqual([[1, 2], [3], [4]])
  expect(batchesOf([9, 1], refs, most)).toEqual([[9], [1]])
  expect(batchesOf([40, 60, 1, 300, 2], bytes, most)).toEqual([[40, 60], [1], [300], [2]])
  expect(batchesOf([1, 1, 1, 1, 1, 1], bytes, most)).toEqual([[1, 1, 1, 1, 1], [1]])
})

test('one that is refused is found by halving, and the others go on', async () => {
  const sent: number[][] = []
  const refused: [number, string][] = []
  const send = async (some: readonly number[]) => {
    if (some.includes(3)) return 'no'
    sent.push([...some])
    return undefined
  }
  await sendInHalves([0, 1, 2, 3, 4], send, (one, why) => void refused.push([one, why]))
  expect(sent.flat().sort()).toEqual([0, 1, 2, 4])
  expect(refused).toEqual([[3, 'no']])
})

test.each([
  ["Ann's MacBook.local", 'ann-s-macbook-local'],
  ['--', 'other'],
  ['x'.repeat(50), 'x'.repeat(32)],
])('%s is the writer %s', (given, name) => {
  expect(writerName(given)).toBe(name)
})
