import fs from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CorruptError } from '../../src/errors.ts'
import { checkConfig, configValue, NEW_CONFIG } from '../../src/git/config/config.ts'
import { parseConfig } from '../../src/git/config/parser.ts'
import { git, tempFolder } from './real-git.ts'

/** What git reads in a file: keys with their values, in order; a key without a value is `true`. */
function readByGit(folder: string, text: string): Map<string, string[]> {
  const file = join(folder, 'config')
  fs.writeFileSync(file, text)
  const found = new Map<string, string[]>()
  for (const entry of git(folder, ['config', '-z', '-l', '-f', file]).toString('utf8').split('\0')) {
    if (entry === '') continue
    const end = entry.indexOf('\n')
    const key = end < 0 ? entry : entry.slice(0, end)
    found.set(key, [...(found.get(key) ?? []), end < 0 ? 'true' : entry.slice(end + 1)])
  }
  return found
}

const examples = [
  NEW_CONFIG,
  '[core]\n\tbare = true ; comment\n\tname = a # b\n',
  '[core] bare=true\n[CORE]\nBare = false\n',
  '[remote "Origin/é"]\n\turl = "a ; b # c"  \n\tfetch = +refs/*:refs/*\n',
  '[remote "with \\"quotes\\" and \\\\"]\n\tkey = v\n',
  '[a]\n\tkey\n\tempty =\n\tspaces =    in   between   \n\tesc = "a\\tb\\nc\\"d\\\\e"\n',
  '[a]\n\tlong = one \\\n  two \\\n  three\n\tnext = 1\n',
  '[a]\r\n\tkey = windows\r\n',
  '# only\n; comments\n\n',
  '[a.b]\n\tkey = old style\n',
  '[a "x"]\n\tkey = "half "quoted" value"\n',
  '[extensions]\n\tpartialClone = origin\n[include]\n\tpath = /etc/passwd\n',
]

describe('a config', () => {
  it.each(examples)('is read as git reads it: %j', (text) => {
    expect(new Map(parseConfig(text))).toEqual(readByGit(tempFolder(), text))
  })

  it('of any keys and values that git writes is read as git reads it', () => {
    const folder = tempFolder()
    const value = fc.string({ unit: fc.constantFrom(...'ab #;"\\\t=[]é'), maxLength: 12 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('core.x', 'a.B.c', 'a.b "c.d'), value), { maxLength: 4 }),
        (all) => {
          const file = join(folder, 'written')
          fs.writeFileSync(file, '')
          for (const [key, text] of all) git(folder, ['config', '-f', file, '--add', key, text])
          const content = fs.readFileSync(file, 'utf8')
          expect(new Map(parseConfig(content))).toEqual(readByGit(folder, content))
        },
      ),
      { numRuns: 15 },
    )
  })

  it('of random lines has the keys that git sees in it, or is one that git does not read', () => {
    const folder = tempFolder()
    const piece = fc.constantFrom(
      '[a]',
      '[b "x"]',
      '\n',
      '\r\n',
      'k = ',
      'k',
      '=',
      '\\',
      '\\\n',
      '"',
      ' ',
      '#',
      ';',
      ']',
      'v',
      '\\n',
      '[',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join('')
        let expected: Map<string, string[]> | undefined
        try {
          expected = readByGit(folder, text)
        } catch {
          expect(() => parseConfig(text), text).toThrow(CorruptError)
          return
        }
        expect(new Map(parseConfig(text)), text).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })

  it('hides no key behind a backslash that is escaped itself', () => {
    const text = '[a]\n\tb = \\\\\n[core]\n\thooksPath = /tmp/x\n'
    expect(parseConfig(text).has('core.hookspath')).toBe(true)
    expect(new Map(parseConfig(text))).toEqual(readByGit(tempFolder(), text))
  })

  it('gives the last value of a key', () => {
    expect(configValue(parseConfig('[a]\nb = 1\nb = 2\n'), 'a.b')).toBe('2')
  })
})

describe('a repository', () => {
  const bare = '[core]\n\trepositoryformatversion = 1\n\tbare = true\n'
  it.each([
    ['sha256 ids', `${bare}[extensions]\n\tobjectFormat = sha256\n`],
    ['reftable', `${bare}[extensions]\n\trefStorage = reftable\n`],
    ['a partial clone', `${bare}[extensions]\n\tpartialClone = origin\n`],
    ['a promisor remote', `${bare}[remote "origin"]\n\tpromisor = true\n`],
    ['a filter', `${bare}[remote "origin"]\n\tpartialclonefilter = blob:none\n`],
    ['an extension nobody knows', `${bare}[extensions]\n\tfromTheFuture = true\n`],
    ['a later format of git', '[core]\n\trepositoryformatversion = 2\n\tbare = true\n'],
    ['a later format of ours', `${bare}[forkpoint]\n\tformat = 2\n`],
    ['a work tree', '[core]\n\tbare = false\n'],
    ['no word about its work tree', ''],
  ])('with %s is refused', (_, text) => {
    expect(() => checkConfig(parseConfig(text))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  })

  it('of ours, or a plain bare one, is welcome', () => {
    for (const text of [NEW_CONFIG, bare, `${bare}[extensions]\n\tnoop = true\n\tobjectFormat = SHA1\n`])
      expect(() => checkConfig(parseConfig(text))).not.toThrow()
  })
})
