/** Made-up session files of a few turns. The same dice give the same file. */
import { call, TranscriptBuilder } from '../transcript-builder.ts'

export type Dice = (below: number) => number

export function dice(seed: number): Dice {
  let state = (seed * 2_654_435_761) >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export const pick = <T>(roll: Dice, all: readonly T[]): T => all[roll(all.length)] as T

/** An id as Claude Code writes it, or a short one. */
const idOf = (n: number) =>
  `${(0x9e3779b1 * (n + 1)).toString(16).padStart(8, '0').slice(-8)}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

export function transcript(roll: Dice): string[] {
  const builder = new TranscriptBuilder('session')
  for (let turn = 0; turn < 3 + roll(5); turn++) {
    builder.prompt(`question ${turn}`)
    for (let n = roll(3); n > 0; n--) {
      const id = `toolu_${turn}_${n}`
      builder.reply([{ type: 'text', text: 'I look.' }, call(id)])
      builder.result(id, `output ${n}\u001b[0m "quoted" {"uuid":"u1"}`, { toolUseResult: { stdout: 'x' } })
    }
    if (roll(4) === 0) builder.progress()
    if (roll(4) === 0) builder.raw({ type: 'summary', summary: 'About this', leafUuid: builder.parent })
    if (roll(6) === 0)
      builder.node({
        type: 'system',
        subtype: 'compact_boundary',
        logicalParentUuid: builder.parent,
        parentUuid: null,
      })
    if (roll(6) === 0) builder.prompt('[Request interrupted by user]')
    builder.text(`answer ${turn}`)
    if (roll(3) === 0) builder.turnEnd()
  }
  const isLong = roll(2) === 0
  return builder.lines.map((line) =>
    isLong ? line.replace(/"u(\d+)"/g, (_, n) => `"${idOf(Number(n))}"`) : line,
  )
}

export function rollout(roll: Dice): string[] {
  let at = 0
  const lines: string[] = []
  const line = (type: string, payload: object) =>
    lines.push(
      JSON.stringify({ timestamp: new Date(1_767_225_600_000 + 1000 * at++).toISOString(), type, payload }),
    )
  const item = (payload: object) => line('response_item', payload)
  const announces = roll(4) > 0
  line('session_meta', { id: 'session', cwd: '/w', cli_version: '0.118.0' })
  for (let turn = 0; turn < 3 + roll(5); turn++) {
    if (announces) line('event_msg', { type: 'task_started', turn_id: `${turn}` })
    item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: `question ${turn}` }] })
    for (let n = roll(3); n > 0; n--) {
      const call_id = `call_${turn}_${n}`
      item({ type: 'function_call', name: 'shell', arguments: '{"cmd":"ls"}', call_id })
      item({ type: 'function_call_output', call_id, output: `rolled back \u001b[0m "rolled_bac" ${n}` })
    }
    if (roll(9) === 0) line('event_msg', { type: 'thread_rolled_back', num_turns: 1 + roll(2) })
    item({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: `answer ${turn}` }] })
    line('event_msg', {
      type: 'token_count',
      info: { total_token_usage: { input_tokens: at, output_tokens: 1 } },
    })
    if (announces) line('event_msg', { type: 'task_complete', turn_id: `${turn}` })
  }
  return lines
}
