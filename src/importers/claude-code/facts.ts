/** Collects facts about the whole session from the lines of a transcript that were read so far. */
import { basename } from 'node:path'
import { isJsonObject } from '../../json-value.ts'
import type { About } from '../importer.ts'
import { type Entry, type EntryKind, isPrompt, stringAt, textOf } from './entry.ts'
import { shortPrompt } from './prompt.ts'

export class SessionFacts {
  /** Time of the first entry that has one, ISO 8601; empty before that. */
  firstAt = ''
  lastAt = ''
  readonly #ids = new Set<string>()
  readonly #uuids = new Set<string>()
  readonly #summaries: { text: string; leaf: string | undefined }[] = []
  readonly #named: { custom?: string; ai?: string; prompt?: string; command?: string } = {}
  #about: About = {}

  see(entry: Entry, kind: EntryKind, time: number | undefined): void {
    if (time !== undefined) {
      this.lastAt = new Date(time).toISOString()
      this.firstAt ||= this.lastAt
    }
    const id = stringAt(entry, 'sessionId')
    // Events do not count, because history files and journals contain session ids as well.
    if (id !== undefined && kind !== 'event') this.#ids.add(id)
    const uuid = stringAt(entry, 'uuid')
    if (uuid !== undefined) this.#uuids.add(uuid)
    this.#seeTitle(entry, kind)
    const model = entry.type === 'assistant' ? stringAt(entry.message, 'model') : undefined
    this.#about = {
      ...this.#about,
      ...known('model', kind === 'message' && model !== '<synthetic>' ? model : undefined),
      ...known('workspace', this.#about.workspace ?? stringAt(entry, 'cwd')),
      ...known('version', stringAt(entry, 'version')),
      ...known('gitBranch', stringAt(entry, 'gitBranch')),
    }
  }

  about(): About {
    // A summary at the top of a file often belongs to another session: then its leaf is not in this file.
    const summary =
      this.#summaries.findLast(({ leaf }) => leaf !== undefined && this.#uuids.has(leaf)) ??
      (this.#named.prompt === undefined ? this.#summaries.at(-1) : undefined)
    const { custom, ai, prompt, command } = this.#named
    return { ...this.#about, ...known('title', custom ?? ai ?? summary?.text ?? prompt ?? command) }
  }

  /** Returns the session id in the entries. If there are several, prefers the id in the file's name, then the first. */
  sessionId(file: string): string | undefined {
    const stem = basename(file, '.jsonl')
    return this.#ids.has(stem) ? stem : this.#ids.values().next().value
  }

  #seeTitle(entry: Entry, kind: EntryKind): void {
    const custom = entry.type === 'custom-title' ? stringAt(entry, 'customTitle') : undefined
    const ai = entry.type === 'ai-title' ? stringAt(entry, 'aiTitle') : undefined
    const summary = entry.type === 'summary' ? stringAt(entry, 'summary') : undefined
    if (custom !== undefined) this.#named.custom = custom
    if (ai !== undefined) this.#named.ai = ai
    if (summary !== undefined) this.#summaries.push({ text: summary, leaf: stringAt(entry, 'leafUuid') })
    if (
      this.#named.prompt === undefined &&
      kind === 'message' &&
      isPrompt(entry) &&
      isJsonObject(entry.message)
    ) {
      const prompt = shortPrompt(textOf(entry))
      // A command without arguments, such as `/model`, is a poor title; `/review the parser` is a good one.
      if (/^\/\S+$/.test(prompt)) this.#named.command ??= prompt
      else if (prompt !== '') this.#named.prompt = prompt
    }
  }
}

const known = (key: keyof About, value: string | undefined): About =>
  value === undefined ? {} : { [key]: value }
