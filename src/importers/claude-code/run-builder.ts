/** Builds a run from the entries that are not messages of the session: one event each, in the order of the file. */
import type { RunEvent, Usage } from '../../state/index.ts'
import { addUsage } from '../core/usage.ts'
import type { AgentInfo, ImportedRun, Row } from '../importer.ts'
import type { RawText } from '../jsonl.ts'
import { type Entry, replyIdOf, stringAt, subtypeOf } from './entry.ts'
import { Outcome } from './outcome.ts'
import { knownOfEvent, SharedSource, type SourceLine } from './source-lines.ts'
import { usageOf } from './usage.ts'

export class RunBuilder {
  readonly id: string
  readonly shared = new SharedSource()
  readonly outcome = new Outcome()
  readonly #events: RunEvent[] = []
  readonly #replies = new Map<string, Usage>()
  #startedAt: string | undefined

  constructor(id: string) {
    this.id = id
  }

  /** @param text the line itself, if JSON would not restore the entry unchanged */
  event(row: Row, entry: Entry, text: string | undefined, subtype = subtypeOf(entry)): void {
    const type = stringAt(entry, 'type') ?? 'unknown'
    const kept =
      text === undefined
        ? this.shared.keep(entry, knownOfEvent({ type, at: row.at }), row.line)
        : { line: row.line, text }
    this.#push(row, type, subtype, kept)
  }

  /** Adds a line that is JSON, but not an object. */
  odd(row: Row, value: unknown): void {
    this.#push(row, 'unknown', undefined, { line: row.line, entry: value })
  }

  /** Adds a line that is not JSON. */
  raw(row: Row, raw: RawText): void {
    this.#push(row, 'unreadable', undefined, { line: row.line, ...raw })
  }

  /** Records the position of a line that belongs to the run, also if the line is stored elsewhere. */
  touch(row: Row): void {
    this.#startedAt ??= row.at
    this.shared.see(row.line)
  }

  /** Counts the tokens of a reply; for a reply of several lines, those of its last line. */
  count(entry: Entry): void {
    const usage = entry.type === 'assistant' ? usageOf(entry) : undefined
    if (usage !== undefined) this.#replies.set(replyIdOf(entry) ?? `#${this.#replies.size}`, usage)
  }

  get usage(): Usage {
    let sum: Usage = {}
    for (const usage of this.#replies.values()) sum = addUsage(sum, usage)
    return sum
  }

  finish({ prompt, agent, file }: { prompt: string; agent?: AgentInfo; file?: string }): ImportedRun {
    const { usage, outcome } = this
    const startedAt = this.#startedAt ?? outcome.endedAt
    const source = this.shared.toJson()
    return {
      id: this.id,
      status: outcome.status,
      prompt,
      startedAt,
      endedAt: outcome.endedAt || startedAt,
      ...(Object.keys(usage).length === 0 ? {} : { usage }),
      ...(agent === undefined ? {} : { agent }),
      source: file === undefined ? source : { ...source, file },
      events: this.#events,
    }
  }

  #push(row: Row, type: string, subtype: string | undefined, source: SourceLine): void {
    this.touch(row)
    const sequence = this.#events.length + 1
    this.#events.push({
      sequence,
      at: row.at,
      type,
      ...(subtype === undefined ? {} : { subtype }),
      source,
    })
  }
}
