/** Shows messages as lines: speaker and time, then the blocks, indented. */
import type { Block, CallBlock } from '../block.ts'
import { editsOf, linesOfEdit } from '../edit.ts'
import { readMessage } from '../message.ts'
import type { SubAgent } from '../sub-agents.ts'
import { bold, count, cyan, dim, green, type Line, line, red } from './line.ts'
import { type Fullness, indented, textLines, valueText, when } from './value.ts'

export interface MessageStyle extends Fullness {
  /** Sub-agents by the id of the call that started them. */
  agents?: ReadonlyMap<string, readonly SubAgent[]>
}

/** Shows a message of any tool. */
export function messageLines(written: unknown, index: number, style: MessageStyle): Line[] {
  const { who = 'item', at, blocks } = readMessage(written)
  const time = at === undefined ? '' : dim(`  ${when(at)}`)
  return [
    line`${dim(`#${index} `)}${bold(who)}${time}`,
    ...indented(
      blocks.flatMap((block) => [
        ...blockLines(block, style),
        ...(block.kind === 'call' ? agentsOf(block, style) : []),
      ]),
    ),
  ]
}

/** Shows a sub-agent and its messages; without `full` only the first and the last message. */
export function subAgentLines({ id, about, messages }: SubAgent, { full }: Fullness): Line[] {
  const facts = [about?.type, about?.description].filter((fact) => fact !== undefined)
  const name = facts.length === 0 ? id : facts.join(' · ')
  const shown = full || messages.length <= AGENT_MESSAGES ? messages : [messages[0]!, messages.at(-1)!]
  const left = messages.length - shown.length
  return [
    line`${cyan('⤷ sub-agent')} ${bold(name)} ${dim(count(messages.length, 'message'))}`,
    ...indented(
      shown.flatMap(({ who = 'item', blocks }, n) => [
        ...(n === 1 && left > 0 ? [dim(`… ${count(left, 'more message')}: --full shows them`)] : []),
        dim(who),
        ...indented(blocks.flatMap((block) => blockLines(block, { full }, AGENT_LINES))),
      ]),
    ),
  ]
}

const TEXT_LINES = 40
const RESULT_LINES = 6
const EDIT_LINES = 20
/** Messages and lines of a sub-agent that are shown without `full`. */
const AGENT_MESSAGES = 4
const AGENT_LINES = 6

/** Shows a block of a message. `longest`: most lines of a text. */
function blockLines(block: Block, style: Fullness, longest = TEXT_LINES): Line[] {
  const most = (lines: number) => (style.full ? Number.POSITIVE_INFINITY : lines)
  switch (block.kind) {
    case 'text':
      return textLines(block.text, most(longest))
    case 'thinking':
      return textLines(block.text, most(RESULT_LINES)).map(
        (one, index) => line`${dim(index === 0 ? 'thinking: ' : '')}${dim(one)}`,
      )
    case 'call':
      return callLines(block, most)
    case 'result': {
      const { output, failed, tool } = block
      const text = typeof output === 'string' ? output : (JSON.stringify(output) ?? '')
      const result = textLines(text, most(RESULT_LINES))
      return [
        line`${cyan(`← ${tool}`.trimEnd())}${failed ? red(' failed') : ''}`,
        ...result.map((one) => line`  ${dim(one)}`),
      ]
    }
    case 'file':
      return [dim(`[${block.about}]`)]
    case 'error':
      return textLines(block.text, most(RESULT_LINES)).map((one) => line`${red('error: ')}${one}`)
    case 'other':
      return block.type === undefined
        ? [line`${valueText(block.value, most(200))}`]
        : [dim(`[${block.type}]`)]
  }
}

/** Shows a call on one line, or as diffs if it changes files. */
function callLines(call: CallBlock, most: (lines: number) => number): Line[] {
  const head = cyan(`→ ${call.tool}`)
  const read = editsOf(call)
  if (read === undefined) return [line`${head} ${valueText(call.input, most(160))}`]
  const rest = Object.keys(read.rest).length === 0 ? '' : dim(` ${valueText(read.rest, most(80))}`)
  return read.edits.flatMap((edit, n) => {
    const lines = edit.how === 'delete' ? [] : linesOfEdit(edit)
    const shown = lines.length > most(EDIT_LINES) + 1 ? lines.slice(0, EDIT_LINES) : lines
    const left = lines.length - shown.length
    return [
      line`${n === 0 ? head : ' '} ${bold(edit.path)}${edit.how === 'delete' ? red(' deleted') : ''}${n === 0 ? rest : ''}`,
      ...shown.map(({ sign, text }) =>
        sign === '+'
          ? line`  ${green(`+${text}`)}`
          : sign === '-'
            ? line`  ${red(`-${text}`)}`
            : line`   ${text}`,
      ),
      ...(left > 0 ? [line`  ${dim(`… ${count(left, 'more line')}`)}`] : []),
    ]
  })
}

const agentsOf = ({ id }: CallBlock, { agents, full }: MessageStyle): Line[] =>
  (id === undefined ? [] : (agents?.get(id) ?? [])).flatMap((agent) => subAgentLines(agent, { full }))
