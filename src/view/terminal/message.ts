/** Messages as lines: who said it and when, then what was said, indented. */
import type { Block } from '../block.ts'
import { readMessage } from '../message.ts'
import { bold, cyan, dim, type Line, line, red } from './line.ts'
import { type Fullness, textLines, valueText, when } from './value.ts'

/** A message of any tool. */
export function messageLines(written: unknown, index: number, style: Fullness): Line[] {
  const { who = 'item', at, blocks } = readMessage(written)
  const time = at === undefined ? '' : dim(`  ${when(at)}`)
  return [
    line`${dim(`#${index} `)}${bold(who)}${time}`,
    ...blocks.flatMap((block) => blockLines(block, style)).map((text) => line`    ${text}`),
  ]
}

const TEXT_LINES = 40
const RESULT_LINES = 6

/** A block of a message. */
export function blockLines(block: Block, { full }: Fullness): Line[] {
  const most = (lines: number) => (full ? Number.POSITIVE_INFINITY : lines)
  switch (block.kind) {
    case 'text':
      return textLines(block.text, most(TEXT_LINES))
    case 'thinking':
      return textLines(block.text, most(RESULT_LINES)).map(
        (one, index) => line`${dim(index === 0 ? 'thinking: ' : '')}${dim(one)}`,
      )
    case 'call':
      return [line`${cyan(`→ ${block.tool}`)} ${valueText(block.input, most(160))}`]
    case 'result': {
      const { output } = block
      const text = typeof output === 'string' ? output : (JSON.stringify(output) ?? '')
      const result = textLines(text, most(RESULT_LINES))
      return [line`${cyan(`← ${block.tool}`.trimEnd())}`, ...result.map((one) => line`  ${dim(one)}`)]
    }
    case 'file':
      return [line`${dim(`[${block.about}]`)}`]
    case 'error':
      return textLines(block.text, most(RESULT_LINES)).map((one) => line`${red('error: ')}${one}`)
    case 'other':
      return block.type === undefined
        ? [line`${valueText(block.value, most(200))}`]
        : [line`${dim(`[${block.type}]`)}`]
  }
}
