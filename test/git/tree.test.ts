import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CorruptError } from '../../src/errors.ts'
import { objectId } from '../../src/git/objects/object.ts'
import {
  changeTree,
  entriesOf,
  NO_ENTRIES,
  parseTree,
  type TreeEntry,
  type TreeMode,
} from '../../src/git/objects/tree.ts'
import { trustedId } from '../../src/ids.ts'
import { bareRepository, git, gitText } from './real-git.ts'
import { decodeTree, encodeTree } from './support/trees.ts'

const id = trustedId('ab'.repeat(20))
const raw = (...entries: readonly [mode: string, name: string | Buffer][]): Buffer =>
  Buffer.concat(
    entries.flatMap(([mode, name]) => [
      Buffer.from(`${mode} `),
      typeof name === 'string' ? Buffer.from(name, 'utf8') : name,
      Buffer.from('\0'),
      Buffer.from(id, 'hex'),
    ]),
  )

describe('trees', () => {
  it('are sorted and written as git mktree does', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).filter((text) => {
      const plain = Buffer.from(text).toString()
      return plain === text && !/[\0/\n]/.test(text) && !/git|^\.\.?$/i.test(text)
    })
    const mode = fc.constantFrom<TreeMode>('100644', '100755', '40000', '120000', '160000')
    const repository = bareRepository()
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, mode), { selector: ([text]) => text, maxLength: 12 }),
        (list) => {
          const entries = list.map(
            ([text, kind], n): TreeEntry => ({
              name: text,
              mode: kind,
              id: trustedId(id.replace(/^../, (n + 16).toString(16))),
            }),
          )
          const lines = entries.map(
            (entry) => `${entry.mode.padStart(6, '0')} ${TYPES[entry.mode]} ${entry.id}\t${entry.name}\0`,
          )
          const data = encodeTree(entries)
          expect(gitText(repository, ['mktree', '-z', '--missing'], lines.join(''))).toBe(
            objectId('tree', data),
          )
          const decoded = decodeTree(data)
          expect(new Set(decoded.map((entry) => JSON.stringify(entry)))).toEqual(
            new Set(
              entries.map(({ name: text, mode: kind, id: own }) =>
                JSON.stringify({ name: text, mode: kind, id: own }),
              ),
            ),
          )
        },
      ),
      { numRuns: 150, seed: 3 },
    )
  })

  it('that were changed are what reading their bytes gives', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', 'é'), minLength: 1, maxLength: 3 })
    const change = fc.tuple(
      name.filter((text) => text !== '.' && text !== '..'),
      fc.constantFrom<TreeMode | null>('100644', '40000', null),
    )
    const changes = fc.uniqueArray(change, { selector: ([text]) => text, maxLength: 8 })
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 4 }), (rounds) => {
        let tree = NO_ENTRIES
        const expected = new Map<string, TreeMode>()
        for (const round of rounds) {
          for (const [text, mode] of round) {
            if (mode === null) expected.delete(text)
            else expected.set(text, mode)
          }
          tree = changeTree(
            tree,
            round.map(([text, mode]) => ({ name: text, entry: mode && { mode, id } })),
          )
          expect(tree).toEqual(parseTree(tree.data))
          expect(new Map(entriesOf(tree).map((entry) => [entry.name, entry.mode]))).toEqual(expected)
        }
      }),
    )
  })

  it('with links, submodules and executable files are read with their modes', () => {
    const data = raw(['120000', 'a'], ['160000', 'b'], ['100755', 'c'], ['100664', 'd'], ['40000', 'e'])
    expect(decodeTree(data).map(({ mode }) => mode)).toEqual([
      '120000',
      '160000',
      '100755',
      '100644',
      '40000',
    ])
  })

  const hostile: Record<string, Buffer> = {
    'a name .git': raw(['40000', '.git']),
    'a name .GIT': raw(['100644', '.GiT']),
    'a name git~1': raw(['40000', 'GIT~1']),
    'a name .git with a trailing dot': raw(['40000', '.git. .']),
    'a stream of .git': raw(['40000', '.git::$INDEX_ALLOCATION']),
    'a name .git behind a backslash': raw(['100644', 'a\\.git\\config']),
    'a name .git with a character that HFS+ ignores': raw(['40000', '.g\u200cit']),
    'a name .': raw(['40000', '.']),
    'a name ..': raw(['40000', '..']),
    'an empty name': raw(['100644', '']),
    'a name with a slash': raw(['100644', '../../etc/passwd']),
    'a name that is not UTF-8': raw(['100644', Buffer.from([0x61, 0xff])]),
    'a name twice': raw(['100644', 'a'], ['100644', 'a']),
    'a file and a folder of one name': raw(['100644', 'a'], ['40000', 'a']),
    'a file and a folder of one name, apart': raw(
      ['100644', 'a'],
      ['100644', 'a-'],
      ['100644', 'a.b'],
      ['40000', 'a'],
    ),
    'a wrong order': raw(['100644', 'b'], ['100644', 'a']),
    'a folder sorted as a file': raw(['40000', 'a'], ['100644', 'a.b']),
    'an unknown mode': raw(['100600', 'a']),
    'a padded mode': raw(['040000', 'a']),
    'no mode': Buffer.from('garbage'),
    'a mode without end': Buffer.from('1006441006441006441'),
    'a name without end': Buffer.from('100644 name'),
    'an id cut short': raw(['100644', 'a']).subarray(0, -1),
  }
  for (const [what, data] of Object.entries(hostile)) {
    it(`with ${what} are refused`, () => {
      expect(() => decodeTree(data, id)).toThrow(CorruptError)
      expect(() => decodeTree(data, id)).toThrow(id)
    })
  }

  it('that git fsck --strict finds fault with are refused, and those it accepts are read', () => {
    // Git only warns of names that are not UTF-8 elsewhere; it has no opinion on them in a tree.
    const ours = new Set(['a name that is not UTF-8', 'a name with a slash'])
    for (const [what, data] of Object.entries(hostile)) {
      if (ours.has(what)) continue
      const repository = bareRepository()
      const tree = gitText(repository, ['hash-object', '-w', '--literally', '-t', 'tree', '--stdin'], data)
      expect(() => git(repository, ['fsck', '--strict', '--no-dangling', tree]), what).toThrow()
    }
    for (const name of ['a', '.gitx', 'git', '.gi', 'git~2', 'x.git', '...', 'é', '.github', 'a\\b', '-']) {
      expect(decodeTree(raw(['100644', name]))[0]!.name).toBe(name)
    }
  })

  it('never make decodeTree fail otherwise, whatever the bytes', () => {
    const valid = raw(['100644', 'abc'], ['40000', 'b'], ['100755', 'é'])
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length), (at, byte, length) => {
        const data = Buffer.from(valid)
        data[at] = byte
        for (const bytes of [data, data.subarray(0, length)]) {
          try {
            decodeTree(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(CorruptError)
          }
        }
      }),
      { numRuns: 2000, seed: 1 },
    )
  })
})

const TYPES: Record<TreeMode, string> = {
  '100644': 'blob',
  '100755': 'blob',
  '120000': 'blob',
  '40000': 'tree',
  '160000': 'commit',
}
