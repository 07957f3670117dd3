/** Sessions, messages and runs to save. */
import type { Message, Run, RunEvent, Session } from '../state/index.ts'
import { newSession } from '../state/index.ts'
import { START } from './context.ts'

const AT = new Date(START).toISOString()

/** A session with one message `m1` of the user for each text, answered in turn. */
export function session(id = 's1', fields: Partial<Session> = {}, ...texts: string[]): Session {
  return newSession(id, { messages: texts.map((text, i) => message(`m${i + 1}`, text)), ...fields }, START)
}

/** Of the user, unless the id says otherwise: `a…` is an assistant's, `t…` a tool's. */
export function message(id: string, content = id, fields: Partial<Message> = {}): Message {
  const role = id.startsWith('a') ? 'assistant' : id.startsWith('t') ? 'tool' : 'user'
  return { id, role, content, createdAt: AT, ...fields }
}

/** A running run with events of these sequences. */
export function run(id = 'r1', sequences: readonly number[] = [], fields: Partial<Run> = {}): Run {
  return { id, status: 'running', prompt: 'go', startedAt: AT, events: sequences.map(event), ...fields }
}

export const event = (sequence: number): RunEvent => ({
  sequence,
  at: AT,
  type: 'token',
  text: `#${sequence}`,
})

/** The session with one more message. */
export const withMessage = <S extends Session>(state: S, ...messages: Message[]): S => ({
  ...state,
  messages: [...state.messages, ...messages],
})

/** All numbers from `from` to `to`. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)
