/** Appends to a transcript: finds the new entries and makes their checkpoints, in one change of one ref. */
import {
  foldSessionSummary,
  type SessionKey,
  type SessionStoreEntry,
  type SessionSummaryEntry,
} from '@anthropic-ai/claude-agent-sdk'
import type { CheckpointRules, Checkpoints } from '../../checkpoints/checkpoints.ts'
import { parentsOn, seqOn } from '../../checkpoints/commits/lineage.ts'
import { ItemEdits } from '../../checkpoints/trees/edits.ts'
import { objectId } from '../../checkpoints/trees/objects.ts'
import type { Edits, Writing } from '../../checkpoints/writing.ts'
import { encodeHead } from '../../codec/index.ts'
import { InvalidStateError } from '../../errors.ts'
import { timeOf } from '../../importers/claude-code/entry.ts'
import { deepEqual, isJsonObject, type JsonObject, without } from '../../json-value.ts'
import { redactInside, redactValue } from '../../redaction/redact.ts'
import { TimeSlice } from '../../time-slice.ts'
import { ENTRIES, encodeEntry, filesOfEntry, pagesOf, readEntry, uuidOf } from './entry-files.ts'
import { type TranscriptLine, TranscriptLines } from './transcript-line.ts'
import { type Title, titleAfter } from './transcript-title.ts'
import { bodyOf, cutTurns, modelOf, type Segment, subjectOf } from './transcript-turns.ts'

/** An entry that is new, or differs from the stored one with its uuid. */
interface Change {
  number: number
  entry: JsonObject
  /** Paths of the files of the entry that it replaces. */
  replaces: readonly string[] | undefined
}

export class TranscriptWriter {
  readonly #checkpoints: Checkpoints
  readonly #lines: TranscriptLines
  /** Redacted fields of documents, by their original values. */
  readonly #redacted = new Map<string, JsonObject>()

  constructor(checkpoints: Checkpoints) {
    this.#checkpoints = checkpoints
    this.#lines = new TranscriptLines(checkpoints.history)
  }

  /**
   * Appends the entries, one checkpoint per turn; does nothing if all of them are stored already. Throws
   * InvalidStateError for what JSON or the format cannot hold.
   */
  async add(writing: Writing, key: SessionKey, entries: readonly JsonObject[]): Promise<void> {
    const { ref, tip } = writing
    const line = await this.#lines.at(ref, tip?.id)
    const changes = await this.#changes(line, entries)
    if (changes.length === 0) return
    const growing = new GrowingTranscript(writing, key, line, this.#checkpoints.rules, this.#redacted)
    const open = typeof line.fields.openTurn === 'string' ? line.fields.openTurn : undefined
    const agent = key.subpath !== undefined
    for (const segment of cutTurns(changes, ({ entry }) => entry, { open, agent })) await growing.add(segment)
    writing.onPlaced(() => {
      for (const { entry, number } of changes) {
        const uuid = uuidOf(entry)
        if (uuid !== undefined) line.uuids.add(uuid, number)
      }
      this.#lines.advance(ref, { ...growing.line, uuids: line.uuids })
    })
  }

  /** The entries that have to be written: all except those that are already stored, identical, under their uuid. */
  async #changes(line: TranscriptLine, entries: readonly JsonObject[]): Promise<Change[]> {
    const { redact } = this.#checkpoints.rules
    const changes: Change[] = []
    const byUuid = new Map<string, Change>()
    const slice = new TimeSlice()
    let next = line.count
    for (const given of entries) {
      if (slice.isOver()) await slice.next()
      const entry = redact === undefined ? given : await redactValue(given, redact, [ENTRIES, next])
      // The whole file is removed.
      if (entry === undefined || entry === null) continue
      if (!isJsonObject(entry)) {
        throw new InvalidStateError([
          { path: [ENTRIES, next], message: 'has to stay an object when redacted' },
        ])
      }
      const uuid = uuidOf(entry)
      const earlier = uuid === undefined ? undefined : byUuid.get(uuid)
      if (earlier !== undefined) {
        earlier.entry = entry
        continue
      }
      const stored = uuid === undefined ? undefined : await this.#stored(line, uuid, entry)
      if (stored === 'same') continue
      const change = stored ?? { number: next++, entry, replaces: undefined }
      changes.push(change)
      if (uuid !== undefined) byUuid.set(uuid, change)
    }
    return changes
  }

  /** The change of the stored entry with this uuid; `undefined` when there is none. */
  async #stored(line: TranscriptLine, uuid: string, entry: JsonObject): Promise<Change | 'same' | undefined> {
    const { objects } = this.#checkpoints
    for (const number of line.uuids.find(uuid)) {
      const files = await filesOfEntry(objects, line.tip!.tree, number)
      const encoded = [...encodeEntry(number, entry).files]
      const isSame = encoded.every(([path, data]) => files.get(path) === objectId('blob', data))
      if (isSame && encoded.length === files.size) return 'same'
      const found = await readEntry(objects, files)
      if (uuidOf(found) !== uuid) continue
      return deepEqual(found, entry) ? 'same' : { number, entry, replaces: [...files.keys()] }
    }
    return undefined
  }
}

/** A transcript while its checkpoints are made, each on top of the one before. */
class GrowingTranscript {
  line: TranscriptLine
  readonly #writing: Writing
  readonly #key: SessionKey
  readonly #rules: CheckpointRules
  readonly #redacted: Map<string, JsonObject>
  readonly #slice = new TimeSlice()

  constructor(
    writing: Writing,
    key: SessionKey,
    line: TranscriptLine,
    rules: CheckpointRules,
    redacted: Map<string, JsonObject>,
  ) {
    this.#redacted = redacted
    this.#writing = writing
    this.#key = key
    this.line = line
    this.#rules = rules
  }

  async add(segment: Segment<Change>): Promise<void> {
    const { tip, turn, count } = this.line
    const entries = segment.entries.map(({ entry }) => entry)
    const time = Math.floor(this.#rules.now())
    const fields = await this.#fieldsAfter({ ...segment, entries }, time)
    const added = segment.entries.filter(({ replaces }) => replaces === undefined)
    const model = modelOf(entries)
    const commit = await this.#writing.commit({
      parent: tip,
      parents: parentsOn(tip, segment.kind, turn),
      files: await this.#edits(segment.entries, fields, count + added.length),
      kind: segment.kind,
      subject: subjectOf({ ...segment, entries }, seqOn(tip)),
      body: bodyOf({ ...segment, entries }),
      at: time,
      ...(added.length > 0 && { messages: { from: count, to: count + added.length - 1 } }),
      ...(model !== undefined && { model }),
      ...(this.#key.subpath !== undefined && { trailers: { Subpath: this.#writing.branch } }),
    })
    this.line = {
      ...this.line,
      tip: commit,
      turn: segment.kind === 'save' ? commit.id : turn,
      fields,
      count: count + added.length,
    }
  }

  async #edits(changes: readonly Change[], fields: JsonObject, count: number): Promise<Edits> {
    const edits = new ItemEdits()
    for (const { number, entry, replaces } of changes) {
      for (const path of replaces ?? []) edits.set(path, null)
      const item = encodeEntry(number, entry)
      if (replaces === undefined) edits.add(item)
      else for (const [path, data] of item.files) edits.set(path, data)
      if (this.#slice.isOver()) await this.#slice.next()
    }
    for (const [path, data] of encodeHead(fields, this.#rules.layout, pagesOf(count))) edits.set(path, data)
    return edits
  }

  async #fieldsAfter({ entries, open }: Segment<JsonObject>, time: number): Promise<JsonObject> {
    const { projectKey, sessionId, subpath } = this.#key
    const before = this.line.fields
    const { createdAt = new Date(timeOfFirst(entries) ?? time).toISOString() } = before
    const isMain = subpath === undefined
    const { title, titleFrom } = isMain ? titleAfter(before as Title, entries) : {}
    const fields = {
      type: this.#rules.type,
      id: this.#writing.session as string,
      ...without(before, OWN),
      projectKey,
      sessionId,
      ...(!isMain && { subpath }),
      ...(title !== undefined && { title, titleFrom }),
      createdAt,
      ...(open !== undefined && { openTurn: open }),
      ...(isMain && { summary: this.#summaryAfter(entries as SessionStoreEntry[], time) }),
    }
    const { redact } = this.#rules
    if (redact === undefined) return fields
    const { type, id, ...rest } = fields
    const text = JSON.stringify(rest)
    const known = this.#redacted.get(text) ?? ((await redactInside(rest, redact)) as JsonObject)
    if (this.#redacted.size > 16) this.#redacted.clear()
    this.#redacted.set(text, known)
    return { type, id, ...known }
  }

  /** The SDK's own summary; its content is opaque. */
  #summaryAfter(entries: SessionStoreEntry[], mtime: number): unknown {
    const key = this.#key
    const { summary } = this.line.fields
    const data = isJsonObject(summary) ? summary : undefined
    const before: SessionSummaryEntry | undefined = data && { sessionId: key.sessionId, mtime, data }
    return foldSessionSummary(before, key, entries, { mtime }).data
  }
}

/** Fields that each checkpoint sets again. */
const OWN = new Set([
  'type',
  'id',
  'projectKey',
  'sessionId',
  'subpath',
  'title',
  'titleFrom',
  'createdAt',
  'openTurn',
  'summary',
  ENTRIES,
])

function timeOfFirst(entries: readonly JsonObject[]): number | undefined {
  for (const entry of entries) {
    const time = timeOf(entry)
    if (time !== undefined) return time
  }
  return undefined
}
