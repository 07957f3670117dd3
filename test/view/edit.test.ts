import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editsOf, linesOfEdit } from '../../src/view/edit.ts'
import { lineDiff, wordDiff } from '../../src/view/line-diff.ts'

const read = (tool: string, input: unknown) => {
  const found = editsOf({ kind: 'call', id: undefined, tool, input })
  return (
    found && { ...found, edits: found.edits.map((edit) => [edit.path, edit.how, signed(linesOfEdit(edit))]) }
  )
}
const signed = (lines: readonly { sign: string; text: string }[]) =>
  lines.map(({ sign, text }) => sign + text)

const OLD = 'one\ntwo\nthree\n'
const NEW = 'one\n2\nthree\n'
const CHANGED = [' one', '-two', '+2', ' three']

test.each([
  ['edit', { path: 'a.ts', oldText: OLD, newText: NEW }],
  ['Edit', { file_path: 'a.ts', old_string: OLD, new_string: NEW }],
  ['edit', { filePath: 'a.ts', oldString: OLD, newString: NEW }],
  ['str_replace_editor', { command: 'str_replace', path: 'a.ts', old_str: OLD, new_str: NEW }],
  ['MultiEdit', { file_path: 'a.ts', edits: [{ old_string: OLD, new_string: NEW }] }],
])('%s of a file is read as a diff', (tool, input) => {
  expect(read(tool, input)).toEqual({ edits: [['a.ts', 'edit', CHANGED]], rest: {} })
})

test('What an edit says beside its texts is kept', () => {
  const input = { file_path: 'a.ts', old_string: 'a', new_string: 'b', replace_all: true }
  expect(read('Edit', input)).toEqual({
    edits: [['a.ts', 'edit', ['-a', '+b']]],
    rest: { replace_all: true },
  })
})

test('A file that is written is all added', () => {
  expect(read('Write', { file_path: 'a.ts', content: 'x\ny\n' })).toEqual({
    edits: [['a.ts', 'write', ['+x', '+y']]],
    rest: {},
  })
})

test('A patch changes several files', () => {
  const patch = `*** Begin Patch
*** Update File: a.ts
@@
 one
-two
+2
*** Add File: b.ts
+new
*** Delete File: c.ts
*** End Patch
`
  const edits = [
    ['a.ts', 'patch', [' @@', ' one', '-two', '+2']],
    ['b.ts', 'patch', ['+new']],
    ['c.ts', 'delete', []],
  ]
  for (const input of [patch, { input: patch }, { command: ['apply_patch', patch] }])
    expect(read('apply_patch', input)).toEqual({ edits, rest: {} })
  const operation = { type: 'update_file', path: 'a.ts', diff: '@@\n one\n-two\n+2\n' }
  expect(read('apply_patch', operation)).toEqual({ edits: [edits[0]], rest: {} })
})

test.each([
  ['read', { path: 'a.ts' }],
  ['search', { path: '.', text: 'x' }],
  ['replace', { old_string: 'a', new_string: 'b' }],
  ['bash', { command: 'ls' }],
  ['anything', 'text'],
])('%s is no edit', (tool, input) => expect(read(tool, input)).toBeUndefined())

test('A diff gives both texts back', () => {
  const line = fc.constantFrom('a', 'b', 'c', '', ' d')
  const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.map((one) => `${one}\n`).join(''))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const side = (sign: string) =>
        lineDiff(before, after)
          .filter((one) => one.sign !== sign)
          .map((one) => `${one.text}\n`)
          .join('')
      expect([side('+'), side('-')]).toEqual([before, after])
    }),
  )
  const words = wordDiff('the quick fox', 'the slow fox')
  expect(signed(words)).toEqual([' the', '  ', '-quick', '+slow', '  ', ' fox'])
})

test('A long diff is found in bounded time, as all that differs', () => {
  const many = (word: string) => Array.from({ length: 3000 }, (_, n) => `${word}${n}`).join('\n')
  expect(lineDiff(`same\n${many('a')}`, `same\n${many('b')}`)).toHaveLength(6001)
})
