import { expect, test } from 'vitest'
import { rootFiles } from '../../src/codec/root-files.ts'

const readme = (document: Record<string, unknown>) =>
  Buffer.from(rootFiles(document).get('README.md')!).toString()

test('README.md has title and id, as one line each that means nothing in Markdown or HTML', () => {
  const hostile = '<script>\n# x](javascript:1) `a` &amp; @all \u202e\u0007https://e.vil *b* | \\ end'
  const [heading, blank, session] = readme({ title: hostile, id: '_a_<b>' }).split('\n')
  expect(heading).toBe(
    '# \\<script\\> \\# x\\]\\(javascript\\:1\\) \\`a\\` \\&amp\\; \\@all https\\:\\/\\/e\\.vil \\*b\\* \\| \\\\ end',
  )
  expect([blank, session]).toEqual(['', expect.stringMatching(/^Session \\_a\\_\\<b\\>, kept by forkpoint/)])
  expect(readme({ id: 'demo' })).toMatch(/^# demo\n/)
  expect(readme({ id: 'demo', title: '\ud800\n' })).toMatch(/^# \ufffd\n/)
  expect(readme({ id: 'demo', title: 'x'.repeat(10_000) }).split('\n')[0]).toBe(`# ${'x'.repeat(200)}`)
})

test('they change with title and id only', () => {
  const one = rootFiles({ id: 'a', title: 't', usage: 1, updatedAt: '1' })
  expect(rootFiles({ id: 'a', title: 't', usage: 2, updatedAt: '2' })).toEqual(one)
  expect(rootFiles({ id: 'a', title: 'u' })).not.toEqual(one)
})
