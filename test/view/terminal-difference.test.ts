import { describe, expect, test } from 'vitest'
import { diffLines } from '../../src/view/terminal/difference.ts'
import { render } from '../../src/view/terminal/line.ts'
import { differenceStat } from '../../src/view/terminal/stat.ts'
import { textChange } from '../../src/view/terminal/text-change.ts'

const changed = (before: string, after: string, full = false): string[] =>
  textChange(before, after, { full }).map((one) => render(one, false))

describe('A changed text', () => {
  test('is shown by its words, as git shows them', () => {
    expect(changed('the quick brown fox jumps', 'the slow brown fox sleeps')).toEqual([
      'the [-quick-]{+slow+} brown fox [-jumps-]{+sleeps+}',
    ])
  })

  test('of several lines is shown where it changed', () => {
    const lines = Array.from({ length: 9 }, (_, n) => `line ${n} says something`)
    const after = lines.with(4, 'line 4 says nothing')
    expect(changed(lines.join('\n'), after.join('\n'))).toEqual([
      '…',
      'line 3 says something',
      'line 4 says [-something-]{+nothing+}',
      'line 5 says something',
      '…',
    ])
    expect(changed(lines.join('\n'), after.join('\n'), true)).toHaveLength(9)
  })

  test('is shown by its lines where hardly a word stayed', () => {
    expect(changed('alpha beta\ngamma', 'one two\nthree four')).toEqual([
      '- alpha beta',
      '- gamma',
      '+ one two',
      '+ three four',
    ])
  })

  test('that is long is compared in lines, and cut', () => {
    const before = 'a word and another\n'.repeat(6000)
    const shown = changed(before, before.replaceAll('word', 'thing'))
    expect(shown).toHaveLength(21)
    expect(shown.at(-1)).toMatch(/more lines$/)
  })
})

const difference = (before: object, after: object) => ({
  fields: [],
  collections: {
    messages: {
      added: [],
      removed: [],
      changed: [
        {
          index: 2,
          id: 'm',
          before,
          after,
          changes: [
            {
              path: ['content'],
              before: 'the cat sat on the red mat and slept',
              after: 'the cat sat on the blue mat and slept',
            },
            {
              path: ['parts', 0, 'text'],
              before: 'the cat sat on the red mat and slept',
              after: 'the cat sat on the blue mat and slept',
            },
          ],
        },
      ],
    },
  },
})

test('A text that a message has twice is shown once, with both its names', () => {
  const lines = [...diffLines(difference({ role: 'user' }, { role: 'user' }), { full: false })]
  expect(lines.map((one) => render(one, false))).toEqual([
    '',
    'messages  1 changed',
    '~ #2 user',
    '    ~ content, parts[0].text:',
    '        the cat sat on the [-red-]{+blue+} mat and slept',
  ])
})

test('The numbers of a difference are a line per collection', () => {
  const { collections } = difference({}, {})
  const { messages } = collections
  const added = Array.from({ length: 100 }, (_, index) => ({ index, id: undefined, item: {} }))
  const stat = differenceStat({
    fields: [{ path: ['title'], before: 'a', after: 'b' }],
    collections: { messages: { ...messages, added } },
  })
  expect([...stat].map((one) => render(one, false))).toEqual([
    ` messages   |  101 ${'+'.repeat(40)}~ 100 added, 1 changed`,
    ' fields     |    1 title',
  ])
  expect([...differenceStat({ fields: [], collections: {} })].map((one) => render(one, false))).toEqual([
    'No differences.',
  ])
})
