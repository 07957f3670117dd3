import assert from 'node:assert/strict'
import { InvalidIdError } from '../errors.ts'
import type { Chapter } from './context.ts'
import { all, refused } from './context.ts'
import { session } from './samples.ts'

const NAMES = [
  'a/b',
  'a',
  'A',
  'b',
  'a b',
  ' a',
  'a ',
  '..',
  '.',
  '.hidden',
  'dot.',
  'a..b',
  '-foo',
  '--help',
  '_x',
  '_',
  'x.lock',
  'x.LOCK',
  'con',
  'CON',
  'nul.txt',
  'aux',
  'com1',
  'HEAD',
  'main',
  'refs/heads/main',
  '../../etc/passwd',
  '/absolute',
  'C:\\windows',
  'a\\b',
  'a*b?c[d]',
  '"quoted" \'name\'',
  '%41',
  '%2e',
  '%',
  'a%2fb',
  'über',
  'u\u0308ber',
  '日本語のセッション',
  '🎉🎊',
  'a\u202eb',
  '__proto__',
  'constructor',
  'toString',
  '@',
  'json.json',
  'f'.repeat(40),
  'x'.repeat(199),
  `${'y'.repeat(300)}1`,
  `${'y'.repeat(300)}2`,
  '語'.repeat(300),
]

export const names: Chapter = (sentence) => {
  sentence('sessions of all names live side by side', async ({ store }) => {
    for (const [n, name] of NAMES.entries()) await store.save(session(name, { title: String(n) }))
    for (const [n, name] of NAMES.entries()) {
      assert.deepEqual(await store.load(name), session(name, { title: String(n) }), name)
    }
    const listed = await all(store.list())
    assert.deepEqual(listed.map(({ id }) => id).sort(), [...NAMES].sort())
    for (const name of NAMES) assert.equal(await store.delete(name), true, name)
    assert.deepEqual(await all(store.list()), [])
  })

  sentence(
    'sessions of all names are there when the store is opened again',
    { reopens: true },
    async ({ store, again }) => {
      for (const name of NAMES) await store.save(session(name))
      const other = await again()
      const listed = await all(other.list({ order: 'id' }))
      assert.deepEqual(
        listed.map(({ id }) => id),
        [...NAMES].sort(),
      )
      for (const name of NAMES) assert.equal((await other.load(name)).id, name)
    },
  )

  sentence(
    'branches and tags of all names live side by side',
    { needs: ['branches', 'history'] },
    async ({ store }) => {
      // A longer name may be listed in a short form.
      const fit = NAMES.filter(
        (name) =>
          name.length < 200 &&
          encodeURIComponent(name).length < 200 &&
          !/[~^:]|^[0-9a-f]{40}$/.test(name) &&
          name !== 'main',
      )
      const { id } = await store.save(session())
      for (const name of fit) {
        await store.append('s1', { set: { title: name } })
        await store.fork('s1', { branch: name })
        await store.tag('s1', name, { at: id })
      }
      for (const name of fit) {
        assert.equal((await store.load('s1', { branch: name }))?.title, name)
        assert.equal((await store.load('s1', { at: name }))?.title, name)
        await store.switch('s1', name)
        assert.equal((await store.load('s1'))?.title, name)
      }
      await store.switch('s1', 'main')
      assert.deepEqual((await store.branches('s1')).map(({ name }) => name).sort(), ['main', ...fit].sort())
      assert.deepEqual((await store.tags('s1')).map(({ name }) => name).sort(), [...fit].sort())
      for (const name of fit) {
        assert.equal(await store.delete('s1', { branch: name }), true, name)
        assert.equal(await store.resolve('s1', name), id)
        assert.equal(await store.delete('s1', { tag: name }), true, name)
      }
    },
  )

  sentence('names that cannot be are refused wherever they are given', async ({ any }) => {
    for (const name of ['', 'a\nb', '\u0000', '\u007f', '\ud800', 'x'.repeat(4097), 7, null, undefined, {}]) {
      const calls = [
        () => any.save({ ...session(), id: name }),
        () => any.load(name),
        () => any.open(name),
        () => any.append(name, {}),
        () => any.exists(name),
        () => any.delete(name),
        () => any.resolve(name, ''),
        () => any.fork('s1', { session: name ?? null }),
      ]
      for (const call of calls) await refused(call, InvalidIdError, { code: 'INVALID_ID' })
    }
  })
}
