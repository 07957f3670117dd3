/**
 * SWE-agent: one `.traj` per run. Each step of the agent is a turn; the step's row of the trajectory follows as an
 * event.
 */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { entryOfLine, type Order, sessionOfDocument } from '../core/documents/document.ts'
import { readByLine, writeByLine } from '../core/lines/by-line.ts'
import { chatMessage } from '../core/lines/chat-message.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import { stringAt } from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'

const LISTS = ['history', 'trajectory']

export const sweAgent: Importer = {
  name: 'swe-agent',
  title: 'SWE-agent',
  description: 'SWE-agent trajectories',
  input: 'a .traj file, or a folder of them',
  format: 1,
  extension: '.traj',
  sessions: (source) => sessionOfDocument(source, LISTS, isTrajectory, stepByStep),
  read: (source, options) => readByLine(source, options, meaningOf),
  write: writeByLine,
}

const isTrajectory = (value: unknown): boolean =>
  isJsonObject(value) &&
  Array.isArray(value.history) &&
  (Array.isArray(value.trajectory) ||
    value.history.some((entry) => isJsonObject(entry) && Object.hasOwn(entry, 'agent')))

/** Puts each row of the trajectory after its action and the result of the action. */
const stepByStep: Order = (lists) => {
  const steps = lists.get('trajectory')?.length ?? 0
  const order: { list: string; index: number }[] = []
  let [step, replies] = [0, 0]
  for (const [index, entry] of (lists.get('history') ?? []).entries()) {
    if (isJsonObject(entry) && isAction(entry) && replies++ > 0 && step < steps)
      order.push({ list: 'trajectory', index: step++ })
    order.push({ list: 'history', index })
  }
  while (step < steps) order.push({ list: 'trajectory', index: step++ })
  return order
}

const isAction = ({ role, is_demo: isDemo }: JsonObject): boolean => role === 'assistant' && isDemo !== true

function meaningOf(line: JsonObject, context: LineContext): Meaning {
  const { list, entry } = entryOfLine(line, LISTS)
  if (list === 'trajectory') return { type: 'step' }
  const message = chatMessage(entry, context)
  if (message === undefined) return { type: stringAt(entry, 'role') ?? 'unknown' }
  if (isAction(entry)) {
    const text = stringAt(entry, 'action') ?? stringAt(entry, 'thought') ?? stringAt(entry, 'content') ?? ''
    return { message, starts: text }
  }
  // Answers of the environment without a tool call have the role `user` as well.
  const isTask = message.role === 'user' && entry.is_demo !== true && context.line <= 3
  return isTask && 'content' in message ? { message, prompt: message.content } : { message }
}
