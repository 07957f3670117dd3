import { describe, expect, it } from 'vitest'
import { bold, line, red, render, short } from '../../src/view/terminal/line.ts'
import { visible, visibleJson } from '../../src/view/visible.ts'

describe('text', () => {
  it('of a user is made harmless on its way into a line', () => {
    expect(render(line`a ${'\u001b[31mred\u001b[0m'} b`, true)).toBe('a ␛[31mred␛[0m b')
    expect(render(line`${bold('\u001b]0;title\u0007')}`, false)).toBe('␛]0;title␇')
    expect(render(line`${'one\r\ntwo'}`, false)).toBe('one␍␊two')
    expect(visible('a\u202eb\u2066c\u009bd\u007fe\ud800f')).toBe('a<U+202E>b<U+2066>c<U+009B>d␡e<U+D800>f')
    expect(visible('tab\tand 👩‍💻 é 日本 stay')).toBe('tab\tand 👩‍💻 é 日本 stay')
  })

  it('gets colours only where they are wanted, and keeps ours apart from theirs', () => {
    const text = line`${red('no')} ${bold(line`a${'\u001b[1m'}`)}`
    expect(render(text, false)).toBe('no a␛[1m')
    expect(render(text, true)).toBe('\u001b[31mno\u001b[39m \u001b[1ma\u001b[22m\u001b[1m␛[1m\u001b[22m')
  })

  it('in JSON stands for the same value, escaped', () => {
    const value = { text: 'a\u001b\u007f\u009b\u202e\u2028\ufeff\ud800 é' }
    const json = visibleJson(JSON.stringify(value))
    expect(json).not.toMatch(/[\u007f-\u009f\u202e\u2028\ufeff]/)
    expect(JSON.parse(json)).toEqual(value)
  })

  it('is cut to one line', () => {
    expect(short('  one\n two  ', 20)).toBe('one two')
    expect(short('one two three', 8)).toBe('one two…')
    expect(short('x'.repeat(1e7), 3)).toBe('xx…')
    expect(short('👩👩👩👩', 3)).toBe('👩👩…')
  })
})
