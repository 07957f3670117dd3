import { expect, test } from 'vitest'
import { dim, line, red, render } from '../../src/view/terminal/line.ts'
import { linked } from '../../src/view/terminal/link.ts'
import { widthOf } from '../../src/view/terminal/width.ts'
import { wrapped } from '../../src/view/terminal/wrap.ts'

const texts = (text: string, width: number): string[] =>
  wrapped(line`${text}`, width).map((one) => render(one, false))

test('A line that fits stays as it is', () => {
  expect(texts('just enough text', 16)).toEqual(['just enough text'])
  expect(texts('', 20)).toEqual([''])
})

test('A line that is too long is cut between words, and goes on as far right as it began', () => {
  expect(texts('    one two three four', 16)).toEqual(['    one two', '    three four'])
  expect(texts('one two  three', 10)).toEqual(['one two', 'three'])
  expect(texts('abcdefghijklmnop', 10)).toEqual(['abcdefghij', 'klmnop'])
})

test('Wide letters and emoji count as they are drawn', () => {
  const said = '日本語のテキストは幅が広い 👩‍💻👩‍💻👩‍💻 é́ and 🇳🇴 flags'
  for (const width of [10, 11, 17, 30]) {
    const lines = texts(said, width)
    expect(lines.every((one) => widthOf(one) <= width)).toBe(true)
    expect(lines.join('').replaceAll(' ', '')).toBe(said.replaceAll(' ', ''))
  }
})

test('Tabs become the spaces that a terminal would show', () => {
  expect(texts('a\tb', 80)).toEqual(['a       b'])
})

test('Colours and links go on in the next line', () => {
  const [first, second] = wrapped(line`${red('one two three')} ${dim('x')}`, 10)
  expect(render(first!, true)).toBe('\u001b[31mone two\u001b[39m')
  expect(render(second!, true)).toBe('\u001b[31mthree\u001b[39m \u001b[2mx\u001b[22m')
})

test('An address in a text is a link that shows where it leads, where the terminal knows links', () => {
  const text = linked(line`see https://example.com/a_(b), and javascript:x.`)
  expect(render(text, false)).toBe('see https://example.com/a_(b), and javascript:x.')
  expect(render(text, false, true)).toBe(
    'see \u001b]8;;https://example.com/a_(b)\u001b\\https://example.com/a_(b)\u001b]8;;\u001b\\, and javascript:x.',
  )
  const hostile = render(
    linked(line`https://a.test/\u001b\\x\u0007 https://${'b'.repeat(9000)}`),
    false,
    true,
  )
  expect(hostile).toBe(
    `\u001b]8;;https://a.test/\u001b\\https://a.test/\u001b]8;;\u001b\\␛\\x␇ https://${'b'.repeat(9000)}`,
  )
})

test('A huge line is left to the terminal', () => {
  expect(wrapped(line`${'x '.repeat(50_000)}`, 80)).toHaveLength(1)
})
