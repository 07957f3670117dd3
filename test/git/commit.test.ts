import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CorruptError } from '../../src/errors.ts'
import {
  type Commit,
  decodeCommit,
  decodeParents,
  encodeCommit,
  LAST_SECOND,
} from '../../src/git/objects/commit.ts'
import { EMPTY_TREE, newObject } from '../../src/git/objects/object.ts'
import { buildPack } from '../../src/git/packs/writer.ts'
import { type ObjectId, trustedId } from '../../src/ids.ts'
import { bareRepository, git, gitText } from './real-git.ts'

const ann = { name: 'Ann', email: 'ann@example.com', at: 1_700_000_000_999 }
const commit = (changes: Partial<Commit> = {}): Commit => ({
  tree: EMPTY_TREE,
  parents: [],
  author: ann,
  committer: ann,
  message: 'one\n',
  ...changes,
})
const id = trustedId('cd'.repeat(20))

describe('commits we write', () => {
  it('pass git fsck --strict and commit-graph verify, whatever the names, dates and messages', () => {
    const repository = bareRepository()
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.stringMatching(/^[<>.,;"'\\ \n\0a]{0,6}$/),
      fc.constantFrom('\u001b[31mred', '\u202eevil', '\ud800', 'a <b> c', '   '),
    )
    const at = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.constantFrom(
        -1,
        0,
        1e300,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        8.64e15,
        LAST_SECOND * 1000,
        2 ** 31 * 1000,
      ),
    )
    const person = fc.record({ name: text, email: text, at })
    const samples = fc.sample(fc.record({ author: person, committer: person, message: text }), {
      numRuns: 400,
      seed: 11,
    })
    let parent: ObjectId | undefined
    const objects = samples.map((sample) => {
      const object = newObject('commit', encodeCommit(commit({ ...sample, parents: parent ? [parent] : [] })))
      parent = object.id
      return object
    })
    objects.push(newObject('tree', Buffer.alloc(0)))
    const { name, pack, index } = buildPack(objects)
    fs.writeFileSync(path.join(repository, `objects/pack/pack-${name}.pack`), pack)
    fs.writeFileSync(path.join(repository, `objects/pack/pack-${name}.idx`), index)
    git(repository, ['update-ref', 'refs/heads/main', parent!])
    expect(gitText(repository, ['fsck', '--strict', '--full'])).toBe('')
    git(repository, ['commit-graph', 'write', '--reachable'])
    git(repository, ['commit-graph', 'verify'])
    expect(gitText(repository, ['rev-list', '--count', 'main'])).toBe('400')
  })

  it('are read back as they were, in whole seconds', () => {
    const parents = [trustedId('11'.repeat(20)), trustedId('22'.repeat(20))]
    const written = commit({ parents, message: 'subject\n\nbody ü 👍\n', author: { ...ann, name: 'Ann Ö.' } })
    const read = decodeCommit(encodeCommit(written))
    const whole = { ...ann, at: 1_700_000_000_000, offset: 0 }
    expect(read).toEqual({ ...written, author: { ...whole, name: 'Ann Ö' }, committer: whole })
  })

  it('have a name where none is given', () => {
    expect(
      decodeCommit(encodeCommit(commit({ author: { name: ' <>', email: 'x@y', at: 0 } }))).author.name,
    ).toBe('x')
    expect(decodeCommit(encodeCommit(commit({ author: { name: '', email: '', at: 0 } }))).author.name).toBe(
      'unknown',
    )
  })
})

describe('commits of others', () => {
  const read = (text: string | Buffer): Commit => decodeCommit(Buffer.from(text as string), id)

  it('are read with signatures, merged tags and headers nobody knows', () => {
    const text = [
      `tree ${EMPTY_TREE}`,
      `parent ${id}`,
      'author A U Thor <a@b> 1700000000 -0730',
      'committer C <c@d> 1700000001 +0200',
      'mergetag object 0123',
      ' author Not Me <x@y> 1 +0000',
      ' ',
      ' tag message',
      'gpgsig -----BEGIN PGP SIGNATURE-----',
      ' ',
      ' abc',
      ' -----END PGP SIGNATURE-----',
      'HG:extra whatever',
      '',
      'subject',
      '',
      'body',
      '',
    ].join('\n')
    expect(read(text)).toEqual({
      tree: EMPTY_TREE,
      parents: [id],
      author: { name: 'A U Thor', email: 'a@b', at: 1_700_000_000_000, offset: -450 },
      committer: { name: 'C', email: 'c@d', at: 1_700_000_001_000, offset: 120 },
      headers: `${text.split('\n').slice(4, -5).join('\n')}\n`,
      message: 'subject\n\nbody\n',
    })
  })

  it('are read in their encoding', () => {
    const head = `tree ${EMPTY_TREE}\nauthor J\xf6rg <j@x> 1 +0000\ncommitter J\xf6rg <j@x> 1 +0000\n`
    const latin = read(Buffer.from(`${head}encoding ISO-8859-1\n\nGr\xfc\xdfe\n`, 'latin1'))
    expect([latin.author.name, latin.message]).toEqual(['Jörg', 'Grüße\n'])
    const unknown = read(Buffer.from(`${head}encoding klingon\n\nGr\xfc\xdfe\n`, 'latin1'))
    expect(unknown.message).toBe('Grüße\n')
  })

  it('may lack author, committer, date, message or final newline', () => {
    expect(read(`tree ${EMPTY_TREE}\n`)).toEqual({
      tree: EMPTY_TREE,
      parents: [],
      author: { name: '', email: '', at: 0, offset: 0 },
      committer: { name: '', email: '', at: 0, offset: 0 },
      message: '',
    })
    expect(read(`tree ${EMPTY_TREE}\nauthor Nobody\ncommitter X <x>\n\nm`)).toMatchObject({
      author: { name: 'Nobody', email: '', at: 0 },
      committer: { name: 'X', email: 'x', at: 0 },
      message: 'm',
    })
    expect(read(`tree ${EMPTY_TREE}\nauthor A <a> 99999999999999999999 +0000\n\n`).author.at).toBe(0)
    expect(read(`tree ${EMPTY_TREE}\nauthor A <a> -5 +0000\n\n`).author.at).toBe(-5000)
  })

  it('without a tree, or with a broken parent, are refused by id', () => {
    for (const text of [
      '',
      'garbage',
      `tree ${id.slice(1)}\n`,
      `parent ${id}\n`,
      `tree ${id}\nparent 123\n\n`,
    ]) {
      expect(() => read(text), text).toThrow(CorruptError)
      expect(() => read(text), text).toThrow(id)
    }
  })
})

describe('the parents of a commit', () => {
  it('are the ones that the whole commit has', () => {
    const ids = fc.stringMatching(/^[0-9a-f]{40}$/).map(trustedId)
    fc.assert(
      fc.property(fc.array(ids, { maxLength: 4 }), fc.string(), (parents, message) => {
        const data = encodeCommit(commit({ parents, message }))
        expect(decodeParents(data)).toEqual(decodeCommit(data).parents)
      }),
    )
  })

  it('are not taken from a broken commit', () => {
    const whole = encodeCommit(commit({ parents: [id] })).toString()
    for (const broken of [
      '',
      'tree',
      whole.slice(1),
      whole.replace(`parent ${id}`, `parent ${id}0`),
      whole.slice(0, 60),
    ])
      expect(() => decodeParents(Buffer.from(broken))).toThrow(CorruptError)
  })
})
