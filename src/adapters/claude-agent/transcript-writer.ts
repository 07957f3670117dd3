/** Appends to a transcript: what of it is new, which checkpoints it makes, all in one change of one ref. */
import {
  foldSessionSummary,
  type SessionStoreEntry,
  type SessionSummaryEntry,
} from '@anthropic-ai/claude-agent-sdk'
import { encodeHead } from '../../codec/index.ts'
import { InvalidStateError } from '../../errors.ts'
import type { Plan } from '../../git/group-commit.ts'
import { type NewObject, objectId } from '../../git/object.ts'
import type { ObjectStore } from '../../git/object-store.ts'
import { TimeSlice } from '../../git/time-slice.ts'
import type { Tree } from '../../git/tree.ts'
import { editTree, type TreeStore } from '../../git/tree-edit.ts'
import type { CommitId, SessionId } from '../../ids.ts'
import { timeOf } from '../../importers/claude-code/entry.ts'
import { type DocumentRules, wrongType } from '../../store/document.ts'
import { newCommit } from '../../store/git-commit.ts'
import type { CommitInfo, GitHistory } from '../../store/git-history.ts'
import type { Edits } from '../../store/git-line.ts'
import { deepEqual, isJsonObject, type JsonObject, without } from '../../store/json-value.ts'
import { parentsOn, seqOn } from '../../store/lineage.ts'
import { redactInside, redactValue } from '../../store/redact.ts'
import { ENTRIES, encodeEntry, filesOfEntry, pagesOf, readEntry, uuidOf } from './entry-files.ts'
import { type TranscriptLine, TranscriptLines } from './transcript-line.ts'
import type { TranscriptPlace } from './transcript-place.ts'
import { type Title, titleAfter } from './transcript-title.ts'
import { cutTurns, modelOf, type Segment, subjectOf } from './transcript-turns.ts'

/** An entry that is new, or other than the one with its uuid. */
interface Change {
  number: number
  entry: JsonObject
  /** Paths of the files of the entry that it takes the place of. */
  replaces: readonly string[] | undefined
}

export class TranscriptWriter {
  readonly #history: GitHistory
  readonly #rules: DocumentRules
  readonly #lines: TranscriptLines

  constructor(history: GitHistory, rules: DocumentRules) {
    this.#history = history
    this.#rules = rules
    this.#lines = new TranscriptLines(history)
  }

  /**
   * The change that appends the entries to what is at `tip`; nothing, where all of them are there already. Throws
   * InvalidStateError for a session of another type, and for what JSON, or the format, cannot hold.
   */
  async plan(
    place: TranscriptPlace,
    tip: CommitId | undefined,
    entries: readonly JsonObject[],
  ): Promise<Plan<void>> {
    const { ref, session } = place
    const line = await this.#lines.at(ref, tip)
    if (line.tip !== undefined) await this.#checkType(session, line.tip)
    const changes = await this.#changes(line, entries)
    if (changes.length === 0) return { objects: [], moves: new Map(), result: undefined }
    const draft = new Draft(place, line, this.#history.repository.objects, this.#rules)
    const open = typeof line.fields.openTurn === 'string' ? line.fields.openTurn : undefined
    const agent = place.key.subpath !== undefined
    for (const segment of cutTurns(changes, ({ entry }) => entry, { open, agent })) await draft.add(segment)
    const commit = draft.tip!
    return {
      objects: draft.objects,
      moves: new Map([[ref, commit.id]]),
      result: undefined,
      placed: () => {
        for (const made of draft.commits) this.#history.learn(made)
        for (const { entry, number } of changes) {
          const uuid = uuidOf(entry)
          if (uuid !== undefined) line.uuids.add(uuid, number)
        }
        this.#lines.advance(ref, { ...draft.line, uuids: line.uuids })
      },
    }
  }

  /** Throws InvalidStateError unless the checkpoint is one of this adapter. */
  async #checkType(session: SessionId, { id, type }: CommitInfo): Promise<void> {
    const actual = type ?? (await this.#history.typeOf(id))
    if (actual !== undefined && actual !== this.#rules.type)
      throw wrongType(session, actual, this.#rules.type)
  }

  /** What of the entries has to be written: an entry whose uuid is there, just so, has not. */
  async #changes(line: TranscriptLine, entries: readonly JsonObject[]): Promise<Change[]> {
    const { redact } = this.#rules
    const changes: Change[] = []
    const byUuid = new Map<string, Change>()
    const slice = new TimeSlice()
    let next = line.count
    for (const given of entries) {
      if (slice.isOver()) await slice.next()
      const entry = redact === undefined ? given : redactValue(given, redact, [ENTRIES, next])
      // Removed as a whole.
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
    const { objects } = this.#history.repository
    for (const number of line.uuids.find(uuid)) {
      const files = await filesOfEntry(objects, line.tip!.tree, number)
      const encoded = [...encodeEntry(number, entry)]
      const isSame = encoded.every(([path, data]) => files.get(path) === objectId('blob', data))
      if (isSame && encoded.length === files.size) return 'same'
      const found = await readEntry(objects, files)
      if (uuidOf(found) !== uuid) continue
      return deepEqual(found, entry) ? 'same' : { number, entry, replaces: [...files.keys()] }
    }
    return undefined
  }
}

/** Checkpoints under way: each stands on the one before. */
class Draft {
  readonly objects: NewObject[] = []
  readonly commits: CommitInfo[] = []
  line: TranscriptLine
  readonly #place: TranscriptPlace
  readonly #rules: DocumentRules
  readonly #trees: DraftTrees
  readonly #slice = new TimeSlice()

  constructor(place: TranscriptPlace, line: TranscriptLine, objects: ObjectStore, rules: DocumentRules) {
    this.#place = place
    this.line = line
    this.#rules = rules
    this.#trees = new DraftTrees(objects)
  }

  get tip(): CommitInfo | undefined {
    return this.line.tip
  }

  async add(segment: Segment<Change>): Promise<void> {
    const { tip, turn, count } = this.line
    const { key, session, branch } = this.#place
    const entries = segment.entries.map(({ entry }) => entry)
    const time = Math.floor(this.#rules.now())
    const fields = this.#fieldsAfter({ ...segment, entries }, time)
    const added = segment.entries.filter(({ replaces }) => replaces === undefined)
    const edits = await this.#edits(segment.entries, fields, count + added.length)
    const { tree, objects } = await editTree(this.#trees, tip?.tree, edits)
    const seq = seqOn(tip)
    const model = modelOf(entries)
    const { commit, object } = newCommit({
      tree,
      parents: parentsOn(tip, segment.kind, turn),
      time,
      after: tip?.committed,
      author: this.#rules.author,
      type: this.#rules.type,
      checkpoint: {
        session,
        branch,
        subject: subjectOf({ ...segment, entries }, seq),
        body: '',
        kind: segment.kind,
        seq,
        ...(added.length > 0 && { messages: { from: count, to: count + added.length - 1 } }),
        ...(model !== undefined && { model }),
      },
      ...(key.subpath !== undefined && { trailers: { Subpath: branch } }),
    })
    this.objects.push(...objects, object)
    this.commits.push(commit)
    this.line = {
      ...this.line,
      tip: commit,
      turn: segment.kind === 'save' ? commit.id : turn,
      fields,
      count: count + added.length,
    }
  }

  async #edits(changes: readonly Change[], fields: JsonObject, count: number): Promise<Edits> {
    const edits: Edits = new Map()
    for (const { number, entry, replaces = [] } of changes) {
      for (const path of replaces) edits.set(path, null)
      for (const [path, data] of encodeEntry(number, entry)) edits.set(path, data)
      if (this.#slice.isOver()) await this.#slice.next()
    }
    for (const [path, data] of encodeHead(fields, this.#rules.layout, pagesOf(count))) edits.set(path, data)
    return edits
  }

  #fieldsAfter({ entries, open }: Segment<JsonObject>, time: number): JsonObject {
    const { key, session } = this.#place
    const { projectKey, sessionId, subpath } = key
    const before = this.line.fields
    const { createdAt = new Date(timeOfFirst(entries) ?? time).toISOString() } = before
    const isMain = subpath === undefined
    const { title, titleFrom } = isMain ? titleAfter(before as Title, entries) : {}
    const fields = {
      type: this.#rules.type,
      id: session as string,
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
    return { type, id, ...(redactInside(rest, redact) as JsonObject) }
  }

  /** What the SDK makes of it; only it knows what that means. */
  #summaryAfter(entries: SessionStoreEntry[], mtime: number): unknown {
    const { key } = this.#place
    const { summary } = this.line.fields
    const data = isJsonObject(summary) ? summary : undefined
    const before: SessionSummaryEntry | undefined = data && { sessionId: key.sessionId, mtime, data }
    return foldSessionSummary(before, key, entries, { mtime }).data
  }
}

/** Fields that are made anew with each checkpoint. */
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

/** Trees that are not stored yet, and those that are: a cache may lose the former. */
class DraftTrees implements TreeStore {
  readonly #objects: ObjectStore
  readonly #made = new Map<string, Tree>()

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  cachedTree(id: string): Tree | undefined {
    return this.#made.get(id) ?? this.#objects.cachedTree(id)
  }

  async readTree(id: string): Promise<Tree> {
    return this.#made.get(id) ?? this.#objects.readTree(id)
  }

  keepTree(id: string, tree: Tree): void {
    this.#made.set(id, tree)
    this.#objects.keepTree(id, tree)
  }
}

function timeOfFirst(entries: readonly JsonObject[]): number | undefined {
  for (const entry of entries) {
    const time = timeOf(entry)
    if (time !== undefined) return time
  }
  return undefined
}
