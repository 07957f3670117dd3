import { expect, test } from 'vitest'
import { textOfParts } from '../../src/state/index.ts'

test.each<[unknown[], string]>([
  [[], ''],
  [[{ type: 'text', text: 'a' }], 'a'],
  [
    [
      { type: 'text', text: 'a\n' },
      { type: 'image', text: 'no' },
      { type: 'text', text: 'b' },
    ],
    'a\nb',
  ],
  [[null, 1, 'text', [], { type: 'text' }, { type: 'text', text: 1 }, { text: 'no type' }], ''],
])('the text of parts %j is %j', (parts, text) => {
  expect(textOfParts(parts)).toBe(text)
})
