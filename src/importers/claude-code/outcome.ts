/** Decides the status of a part of a conversation by its last entries. */

import { isJsonObject } from '../../json-value.ts'
import {
  blocksOf,
  type Entry,
  type EntryKind,
  isCommandOutput,
  isInterruption,
  stringAt,
  subtypeOf,
  textOf,
} from './entry.ts'

export class Outcome {
  /** Time of the last message, ISO 8601; empty before the first one. */
  endedAt = ''
  #status: 'open' | 'completed' | 'interrupted' | 'failed' = 'completed'

  see(entry: Entry, kind: EntryKind, at: string): void {
    if (kind === 'event') {
      const subtype = entry.type === 'system' ? subtypeOf(entry) : undefined
      if (subtype !== 'turn_duration' && subtype !== 'stop_hook_summary') return
      if (this.#status === 'open') this.#status = 'completed'
      if (subtype === 'turn_duration') this.#end(at)
      return
    }
    this.#end(at)
    this.#status = entry.type === 'assistant' ? afterReply(entry) : (afterUser(entry) ?? this.#status)
  }

  /** A conversation without a final answer counts as interrupted. */
  get status(): string {
    return this.#status === 'open' ? 'interrupted' : this.#status
  }

  #end(at: string): void {
    if (at > this.endedAt) this.endedAt = at
  }
}

function afterReply(entry: Entry): 'open' | 'completed' | 'failed' {
  if (entry.isApiErrorMessage === true) return 'failed'
  const last = blocksOf(entry).at(-1)
  const answered =
    isJsonObject(last) && last.type === 'text' && stringAt(entry.message, 'stop_reason') !== 'tool_use'
  return answered ? 'completed' : 'open'
}

function afterUser(entry: Entry): 'open' | 'completed' | 'interrupted' | undefined {
  if (isInterruption(entry)) return 'interrupted'
  if (isCommandOutput(entry)) return 'completed'
  if (entry.isMeta === true) return undefined
  // Claude Code itself answers most slash commands.
  return /^\s*<command-(?:name|message)>/.test(textOf(entry)) ? 'completed' : 'open'
}
