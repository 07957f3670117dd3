import { describe, expect, test } from 'vitest'
import {
  parseRevision,
  type RevisionLookup,
  resolveRevision,
} from '../../src/checkpoints/commits/revision.ts'
import { AmbiguousRevisionError, NotFoundError } from '../../src/errors.ts'
import { type CommitId, MAIN } from '../../src/ids.ts'

const id = (digit: string): CommitId => digit.repeat(40).slice(0, 40) as CommitId
const [A, B, S, C] = [id('a'), id('b'), id('5'), id('c')]
const TWIN = `aaaa${'b'.repeat(36)}` as CommitId

// A ← B ← S (step) ← C; C ends the turn of S.
const parents: Record<string, CommitId[]> = { [A]: [], [B]: [A], [S]: [B], [C]: [B, S] }

function lookup(heads: Record<string, CommitId> = {}, tags: Record<string, CommitId> = {}): RevisionLookup {
  const all: Record<string, CommitId> = { main: C, step: S, ...heads }
  const known = [...Object.keys(parents), TWIN] as CommitId[]
  return {
    head: async (branch = MAIN) => all[branch],
    tag: async (name: string) => ({ v1: A, ...tags })[name],
    has: async (commit) => known.includes(commit),
    prefix: async (digits) => known.filter((commit) => commit.startsWith(digits)),
    parents: async (commit) => parents[commit] ?? [],
    turnParent: async (commit) => {
      let at = parents[commit]?.[0]
      while (at === S) at = parents[at]?.[0]
      return at
    },
  }
}

describe('a revision', () => {
  test('comes apart into its name and its steps', () => {
    expect(parseRevision('main')).toEqual({ base: 'main', steps: [] })
    expect(parseRevision('main~3')).toEqual({ base: 'main', steps: [{ kind: '~', n: 3 }] })
    expect(parseRevision('~')).toEqual({ base: '', steps: [{ kind: '~', n: 1 }] })
    expect(parseRevision('try it~1^2^~0').steps).toEqual([
      { kind: '~', n: 1 },
      { kind: '^', n: 2 },
      { kind: '^', n: 1 },
      { kind: '~', n: 0 },
    ])
  })

  test.each(['main~x', 'main^{commit}', 'main~3x', 'main^-1', 'main~ 1'])(
    'such as %s is not found',
    async (text) => {
      expect(() => parseRevision(text, 's1')).toThrow(NotFoundError)
      await expect(resolveRevision(text, lookup(), 's1')).rejects.toMatchObject({
        kind: 'revision',
        id: text,
        session: 's1',
      })
    },
  )

  test('that is no text is a TypeError', () => {
    expect(() => parseRevision(3 as unknown as string)).toThrow(TypeError)
  })

  test.each([
    ['', C],
    ['@', C],
    ['HEAD', C],
    ['HEAD~1', B],
    ['main', C],
    ['main^0', C],
    ['main~', B],
    ['main~1', B],
    ['main~2', A],
    ['main^', B],
    ['main^2', S],
    ['main^2~1', B],
    ['main^2^1~1', A],
    ['step', S],
    ['v1', A],
    [A, A],
    [A.toUpperCase(), A],
    ['bbbb', B],
    ['cccc~2', A],
  ])("'%s' resolves", async (text, expected) => {
    expect(await resolveRevision(text, lookup())).toBe(expected)
  })

  test.each(['nope', 'main~3', 'main^3', 'main~99999999999999999999', 'bbb', id('d'), 'dddd'])(
    "'%s' is not found",
    async (text) => {
      await expect(resolveRevision(text, lookup())).rejects.toThrow(NotFoundError)
    },
  )

  test('a prefix of two checkpoints names both', async () => {
    const failure = resolveRevision('aaaa', lookup())
    await expect(failure).rejects.toThrow(AmbiguousRevisionError)
    await expect(failure).rejects.toMatchObject({ candidates: [A, TWIN] })
  })

  test('branches win over tags, and both over HEAD and prefixes', async () => {
    expect(await resolveRevision('v1', lookup({ v1: B }))).toBe(B)
    expect(await resolveRevision('HEAD', lookup({ HEAD: A }))).toBe(A)
    expect(await resolveRevision('@', lookup({}, { '@': A }))).toBe(A)
    expect(await resolveRevision('bbbb', lookup({ bbbb: C }))).toBe(C)
  })
})
