/** What the lines of a transcript say about the session as a whole, as far as they have been read. */
import { basename } from 'node:path'
import { isJsonObject } from '../../json-value.ts'
import type { About } from '../importer.ts'
import { type Entry, type EntryKind, isPrompt, stringAt, textOf } from './entry.ts'
import { shortPrompt } from './prompt.ts'

export class SessionFacts {
  /** ISO 8601; empty before the first entry that has a time. */
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
    // History files and journals name sessions, too.
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
    // A summary at the top of a file is often that of another session, whose leaf is not in this file.
    const summary =
      this.#summaries.findLast(({ leaf }) => leaf !== undefined && this.#uuids.has(leaf)) ??
      (this.#named.prompt === undefined ? this.#summaries.at(-1) : undefined)
    const { custom, ai, prompt, command } = this.#named
    return { ...this.#about, ...known('title', custom ?? ai ?? summary?.text ?? prompt ?? command) }
  }

  /** The id that the entries give; where they give several, that of the file's name, else the first. */
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
      // `/model` says nothing about a session, `/review the parser` does.
      if (/^\/\S+$/.test(prompt)) this.#named.command ??= prompt
      else if (prompt !== '') this.#named.prompt = prompt
    }
  }
}

const known = (key: keyof About, value: string | undefined): About =>
  value === undefined ? {} : { [key]: value }
