/** Texts cut short: no character is cut in half, and nothing is longer than it may be. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { beginning, cut, ending, excerpt } from '../src/excerpt.ts'

const FAMILY = '👩‍👩‍👧‍👦'
const ACCENT = 'ẹ́'
const FLAG = '🇳🇴'

const pieces = ['a', ' ', 'é', ACCENT, '🌷', '👍🏽', FAMILY, FLAG, '한', '各', '\r\n', 'நி']
const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((list) => list.join(''))
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const boundaries = (text: string) => [...[...graphemes.segment(text)].map(({ index }) => index), text.length]

describe('the beginning of a text', () => {
  test('ends between two characters, as late as it may', () => {
    fc.assert(
      fc.property(texts, fc.nat(60), (text, units) => {
        const fit = boundaries(text).filter((index) => index <= units)
        const start = beginning(text, units)
        expect(text.startsWith(start) && start.length <= units && start.isWellFormed()).toBe(true)
        // Of a first character that does not fit as much as fits.
        if (fit.at(-1)! > 0) expect(start.length).toBe(fit.at(-1))
      }),
      { numRuns: 1000 },
    )
  })

  test('is well-formed even where one character is longer than all that may be kept', () => {
    const tower = `e${'́'.repeat(5000)}`
    expect(beginning(tower, 100)).toHaveLength(100)
    expect(beginning('🌷'.repeat(3), 5)).toBe('🌷🌷')
    expect(beginning('🌷', 1)).toBe('')
    expect(beginning(FLAG.repeat(500), 1001)).toBe(FLAG.repeat(250))
  })
})

test('the end of a text begins between two characters', () => {
  fc.assert(
    fc.property(texts, fc.nat(60), (text, units) => {
      const end = ending(text, units)
      expect(text.endsWith(end) && end.length <= units && end.isWellFormed()).toBe(true)
      const fit = boundaries(text).filter((index) => index >= text.length - units)
      expect(end.length).toBe(text.length - fit[0]!)
    }),
    { numRuns: 1000 },
  )
})

test('a line is cut between words, else between characters, and says so', () => {
  expect(cut('One two three', 13)).toBe('One two three')
  expect(cut('One two three', 12)).toBe('One two…')
  expect(cut('Onetwothree', 6)).toBe('Onetw…')
  expect(cut('🌷'.repeat(10), 10)).toBe('🌷'.repeat(10))
  expect(cut('🌷'.repeat(11), 10)).toBe(`${'🌷'.repeat(9)}…`)
  expect(cut(`abcdef${FAMILY}g`, 12)).toBe('abcdef…')
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 40 }), (text, room) => {
      const line = cut(text, room)
      expect([...line].length).toBeLessThanOrEqual(room)
      expect(line.isWellFormed()).toBe(true)
      if ([...text].length <= room) expect(line).toBe(text)
    }),
  )
})

test('an excerpt fits with its sign', () => {
  expect(excerpt('One two', 7)).toBe('One two')
  expect(excerpt('One two', 5)).toBe('One…')
  expect(excerpt('ab🌷c', 4)).toBe('ab…')
})
