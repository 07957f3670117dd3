import assert from 'node:assert/strict'
import { InvalidIdError, UnsupportedError } from '../../errors.ts'
import type { Chapter } from '../context.ts'
import { all, branchesOf, forEach, idsOf, refused } from '../context.ts'
import { message, session } from '../samples.ts'

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

/** Longer than the 200 characters that one part of a ref may have; the first only once it is encoded. */
const LONG = ['会'.repeat(23), 'x'.repeat(201), `${'A b/'.repeat(60)}1`, `${'A b/'.repeat(60)}2`]

export const names: Chapter = (sentence) => {
  sentence('sessions of all names live side by side', async ({ store }) => {
    for (const [n, name] of NAMES.entries()) await store.save(session(name, { title: String(n) }))
    for (const [n, name] of NAMES.entries()) {
      assert.deepEqual(await store.load(name), session(name, { title: String(n) }), name)
    }
    const listed = await all(store.list())
    assert.deepEqual(idsOf(listed).sort(), [...NAMES].sort())
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
      assert.deepEqual(idsOf(listed), [...NAMES].sort())
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

  sentence('a session whose id is too long for a file name works as others do', async ({ store }) => {
    for (const id of LONG) {
      await store.save(session(id, { title: 'T' }, 'one'))
      const state = await store.load(id)
      assert.equal(state?.id, id)
      state!.messages.push(message('m2'))
      const made = await store.save(state!)
      assert.equal(made.session, id)
      assert.equal(await store.resolve(id, made.id), made.id)
      assert.equal(await store.resolve(id, made.id.slice(0, 12)), made.id)
      assert.equal((await store.load(id, { at: made.id }))?.messages.length, 2)
      assert.equal((await store.open(id)).checkpoint.id, made.id)
      assert.deepEqual(await store.branches(id), [{ name: 'main', head: made.id, active: true }])
    }
    const listed = await all(store.list({ order: 'id' }))
    assert.deepEqual(idsOf(listed), [...LONG].sort())
  })

  sentence(
    'branches and tags of such a session are listed, switched to and deleted',
    { needs: ['branches', 'history'] },
    async ({ store }) => {
      for (const id of LONG) {
        const made = await store.save(session(id, {}, 'one'))
        await store.fork(id, { branch: 'other' })
        await store.tag(id, 'v1')
        assert.deepEqual(await store.tags(id), [{ name: 'v1', checkpoint: made.id }])
        await store.switch(id, 'other')
        const second = await store.append(id, { messages: [message('m2')] })
        assert.deepEqual(await store.branches(id), [
          { name: 'main', head: made.id, active: false },
          { name: 'other', head: second.id, active: true },
        ])
        const [summary] = await all(store.list({ prefix: id }))
        assert.deepEqual([summary?.id, summary?.activeBranch, summary?.head], [id, 'other', second.id])
        const fork = await store.fork(id, { session: `${id} 2`, at: second.id })
        assert.deepEqual(fork.forkedFrom, { session: id, checkpoint: second.id })
        assert.equal((await store.load(`${id} 2`))?.messages.length, 2)
        assert.equal(await store.delete(id, { branch: 'other' }), true)
        assert.deepEqual(await branchesOf(store, id), ['main (active)'])
        assert.equal(await store.delete(id), true)
        assert.equal(await store.exists(id), false)
      }
    },
  )

  sentence(
    'a branch or a tag with such a name is the active one, is the only one, and is deleted',
    { needs: ['branches', 'history'] },
    async ({ store }) => {
      await forEach(LONG.entries(), async ([n, name]) => {
        const id = `s${n}`
        const made = await store.save(session(id, {}, 'one'), { branch: name, tag: name })
        assert.equal(made.branch, name)
        const shown = await store.branches(id)
        const only = shown.find(({ active }) => active)
        assert.deepEqual([only?.head, only?.active], [made.id, true])
        // What is listed, in short where that is needed, can be given back.
        assert.equal((await store.load(id, { branch: only!.name }))?.messages.length, 1)
        assert.equal(await store.resolve(id, (await store.tags(id))[0]!.name), made.id)
        await forEach([name, only!.name], (given) =>
          refused(() => store.delete(id, { branch: given }), UnsupportedError),
        )
        const handle = await store.open(id)
        const second = await handle.append({ messages: [message('m2')] })
        assert.equal((await store.open(id, { branch: name })).checkpoint.id, second.id)
        await store.fork(id, { branch: 'main' })
        assert.equal((await all(store.list({ prefix: id })))[0]?.head, second.id)
        assert.equal(await store.delete(id, { branch: name }), true)
        assert.deepEqual(await branchesOf(store, id), ['main (active)'])
        assert.equal(await store.delete(id, { tag: name }), true)
        assert.deepEqual(await store.tags(id), [])
      })
    },
  )

  sentence('invalid names are refused wherever they are given', async ({ any }) => {
    await forEach(
      ['', 'a\nb', '\u0000', '\u007f', '\ud800', 'x'.repeat(4097), 7, null, undefined, {}],
      async (name) => {
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
        await forEach(calls, (call) => refused(call, InvalidIdError, { code: 'INVALID_ID' }))
      },
    )
  })
}
