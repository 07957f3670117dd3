/** Imports one session file into a store: decides which turns are new, and on which branches they are written. */
import { UnsupportedError } from '../../errors.ts'
import type { SessionStore } from '../../store/session-store.ts'
import type { ByteSource } from '../byte-source.ts'
import {
  type AgentTranscript,
  type ImportedRun,
  type Importer,
  sourceOf,
  type Transcript,
  type Turn,
} from '../importer.ts'
import { identical } from '../remainder.ts'
import { bestBranch, freeName, type Path, pathsOf } from './branch-choice.ts'
import { continuedAgents } from './continuation.ts'
import type { ImportOptions, ImportResult } from './import-result.ts'
import type { StoredBranch } from './stored.ts'
import type { Target } from './target.ts'
import { SessionWriter, type TurnContent } from './writing/writer.ts'

export class SessionImport {
  readonly #source: ByteSource
  readonly #transcript: Transcript
  readonly #store: SessionStore
  readonly #target: Target
  readonly #onProgress: ImportOptions['onProgress']
  readonly #writer: SessionWriter
  readonly #agents: readonly AgentTranscript[]
  readonly #paths: readonly Path[]
  /** Branches that contain turns of this file, or have turns in common with it. */
  readonly #branches: StoredBranch[]
  /** Sub-agents whose runs have not been written with a turn yet. */
  #waiting = new Set<AgentTranscript>()
  #added = 0
  #done = 0

  constructor(
    tool: Importer,
    source: ByteSource,
    transcript: Transcript,
    agents: readonly AgentTranscript[],
    store: SessionStore,
    target: Target,
    { author, files, onProgress }: ImportOptions,
  ) {
    this.#source = source
    this.#transcript = transcript
    this.#agents = agents
    this.#store = store
    this.#target = target
    this.#onProgress = onProgress
    this.#paths = pathsOf(transcript)
    this.#branches = [...target.standing.branches]
    this.#writer = new SessionWriter(tool, store, target.session, transcript, author)
    this.#writer.files = files
  }

  async run(): Promise<Omit<ImportResult, 'redacted'>> {
    const { session, stored, standing, filesOf } = this.#target
    const own = standing.kind === 'differs' ? [] : this.#branches
    if (standing.kind !== 'older') {
      this.#checkBranches()
      if (standing.kind === 'continues') this.#writer.edition = own[0]?.note.edition
      this.#waiting = new Set(await continuedAgents(session, own, filesOf, this.#agents))
    }
    const used: StoredBranch[] = []
    for (const path of this.#paths) used.push(await this.#writePath(path))
    for (const agent of this.#waiting) await this.#writeAgent(agent, used)
    return this.#result(stored === undefined, used)
  }

  #checkBranches(): void {
    const { session, standing } = this.#target
    if (this.#store.supports.branches) return
    const why =
      standing.kind === 'differs'
        ? `differs from what was imported as session '${session}'`
        : this.#paths.length > 1
          ? 'was rewound'
          : undefined
    if (why === undefined) return
    throw new UnsupportedError(
      'branches',
      `'${this.#source.name}' ${why}, so it needs a store with branches. Import it into a git store.`,
    )
  }

  /** Writes the turns of a path that the store does not have. Returns the branch that contains the path. */
  async #writePath(path: Path): Promise<StoredBranch> {
    let branch = this.#bestBranch(path)
    const shared = branch === undefined ? 0 : this.#sharedTurns(path, branch)
    const behind = branch !== undefined && this.#isBehind(branch, path, shared - 1)
    // Each file has its own branches, even for a line of turns that another file has as well.
    const foreign = branch !== undefined && this.#isForeign(branch)
    const again = behind || (foreign && shared === path.length)
    const todo = this.#target.standing.kind === 'older' ? [] : path.slice(again ? shared - 1 : shared)
    if (branch !== undefined && todo.length === 0) return branch
    if (branch === undefined) {
      branch = await this.#begin(todo.shift() as number)
    } else if (branch.tip !== this.#turn(path[shared - 1] as number).id || foreign) {
      // The branch continues differently from here, or the session was continued there without the tool.
      branch = await this.#fork(branch, path.slice(0, shared))
    }
    if (path === this.#paths[0]) await this.#activate(branch)
    await this.#add(branch, todo)
    return branch
  }

  /** Adds turns, several in one write. Builds the next ones while some are written. */
  async #add(branch: StoredBranch, turns: Path): Promise<void> {
    const groups = this.#groups(turns)
    let next = this.#contents(groups[0], branch)
    for (const [n, group] of groups.entries()) {
      const contents = await next
      next = this.#contents(groups[n + 1], branch)
      // If these turns cannot be written, the next ones are not awaited.
      next.catch(() => {})
      const before = group.map((index) => branch.turns.get(this.#turn(index).id) ?? 0)
      await this.#writer.add(branch, contents)
      for (const [at, index] of group.entries()) this.#wrote(index, before[at] as number)
    }
  }

  /** Divides turns into those that are written together. */
  #groups(turns: Path): Path[] {
    const groups: number[][] = []
    let bytes = Number.POSITIVE_INFINITY
    for (const index of turns) {
      const { rows } = this.#turn(index)
      const size = rows.reduce((sum, { start, end }) => sum + end - start, 0)
      if (bytes + size > TOGETHER) groups.push([])
      bytes = groups.at(-1)?.length === 0 ? size : bytes + size
      groups.at(-1)?.push(index)
    }
    return groups
  }

  async #contents(group: Path | undefined, { agents }: StoredBranch): Promise<TurnContent[]> {
    const contents: TurnContent[] = []
    for (const index of group ?? []) contents.push(await this.#content(index, agents))
    return contents
  }

  #bestBranch(path: Path): StoredBranch | undefined {
    const idAt = (at: number) => this.#turn(path[at] as number).id
    return bestBranch(this.#branches, (branch) => this.#sharedTurns(path, branch), idAt)
  }

  /**
   * Returns how many of the path's first turns the branch has. If the branch is of another file, only identical turns
   * count.
   */
  #sharedTurns(path: Path, branch: StoredBranch): number {
    const { standing } = this.#target
    const common = this.#isForeign(branch) && standing.kind === 'differs' ? standing.line : undefined
    const end = path.findIndex((index) => {
      const turn = this.#turn(index)
      const stored = branch.turns.get(turn.id)
      if (stored === undefined || common === undefined) return stored === undefined
      return stored !== lastLine(turn) || stored > common
    })
    return end === -1 ? path.length : end
  }

  /** Whether the branch comes from a different file, which this one does not continue. */
  #isForeign(branch: StoredBranch): boolean {
    const { edition } = this.#writer
    const differs = this.#target.standing.kind === 'differs'
    return differs && (edition === undefined || branch.note.edition !== edition)
  }

  /** Whether the file has more lines of the turn than the branch. */
  #isBehind(branch: StoredBranch, path: Path, at: number): boolean {
    const index = path[at] as number
    const turn = this.#turn(index)
    if ((branch.turns.get(turn.id) ?? 0) < lastLine(turn)) return true
    if (at < path.length - 1) return false
    const { current, end } = this.#transcript
    const isCurrent = index === current
    const { unfinished, finalNewline, frame } = isCurrent ? end : {}
    const { note } = branch
    return (
      !identical(note.unfinished, unfinished) ||
      note.finalNewline !== finalNewline ||
      (isCurrent && !identical(note.frame, frame))
    )
  }

  /** Begins the first branch of the session, or a branch for a file that has nothing in common with earlier ones. */
  async #begin(index: number): Promise<StoredBranch> {
    const isNew = this.#target.stored === undefined
    const name = isNew ? 'main' : await this.#newName()
    const branch = await this.#writer.create(name, await this.#content(index, new Map()))
    branch.active = isNew
    this.#branches.push(branch)
    this.#wrote(index, 0)
    return branch
  }

  async #fork(from: StoredBranch, shared: Path): Promise<StoredBranch> {
    const name = await this.#newName()
    const ids = shared.map((index) => this.#turn(index).id)
    const branch = await this.#writer.fork(from, ids.at(-1) as string, name, ids)
    this.#branches.push(branch)
    return branch
  }

  async #newName(): Promise<string> {
    const branches = await this.#store.branches(this.#target.session)
    const taken = new Set(branches.map((branch) => branch.name))
    const isEdition = this.#target.standing.kind === 'differs' && this.#writer.edition === undefined
    const name = freeName(this.#paths.length > 1 && !isEdition ? 'rewind' : 'import', taken)
    if (isEdition) this.#writer.edition = name
    return name
  }

  /**
   * Activates the branch that the session ended on, unless the active branch was begun or continued without the tool.
   */
  async #activate(branch: StoredBranch): Promise<void> {
    const active = [...(this.#target.stored ?? []), ...this.#branches].find((one) => one.active)
    if (branch.active || active?.tip === undefined) return
    // A different file may be an old copy.
    if (this.#isForeign(active) && this.#transcript.lastAt <= active.updatedAt) return
    await this.#store.switch(this.#target.session, branch.name)
    active.active = false
    branch.active = true
  }

  /** Writes the new entries of a sub-agent whose turn is already stored. */
  async #writeAgent(agent: AgentTranscript, used: readonly StoredBranch[]): Promise<void> {
    const turn = this.#turnOf(agent)
    const branch = used[this.#paths.findIndex((path) => path.includes(turn))] as StoredBranch
    const old = branch.agents.get(agent.run)
    const { cursor, unfinished } = sourceOf(agent.transcript)
    if (old?.cursor?.bytes === cursor.bytes && identical(old.unfinished, unfinished)) return
    await this.#writer.addAgent(branch, await agent.build(agent.run, this.#transcript))
    this.#added += linesAfter(agent.transcript.turns, old?.cursor?.lines ?? 0)
  }

  /** @param known the branch's sub-agents */
  async #content(index: number, known: StoredBranch['agents']): Promise<TurnContent> {
    const built = await this.#transcript.build(index)
    const agents: ImportedRun[] = []
    for (const agent of this.#waiting) {
      if (this.#turnOf(agent) !== index) continue
      agents.push(await agent.build(agent.run, this.#transcript))
      this.#waiting.delete(agent)
      this.#added += linesAfter(agent.transcript.turns, known.get(agent.run)?.cursor?.lines ?? 0)
    }
    return { turn: this.#turn(index), built, agents }
  }

  /** The turn during which the sub-agent started. */
  #turnOf({ transcript: { firstAt } }: AgentTranscript): number {
    const { turns } = this.#transcript
    const isBefore = ({ rows: [first] }: Turn) => first !== undefined && first.at <= firstAt
    return Math.max(0, turns.findLastIndex(isBefore))
  }

  #turn(index: number): Turn {
    return this.#transcript.turns[index] as Turn
  }

  #wrote(index: number, before: number): void {
    this.#added += linesAfter([this.#turn(index)], before)
    this.#done++
    this.#onProgress?.({
      session: this.#target.session,
      file: this.#source.name,
      done: this.#done,
      total: this.#transcript.turns.length,
    })
  }

  #result(created: boolean, used: readonly StoredBranch[]): Omit<ImportResult, 'redacted'> {
    const { turns, current, entries, warnings } = this.#transcript
    const [last] = used as [StoredBranch]
    return {
      session: this.#target.session,
      title: turns[current]?.about.title,
      created,
      checkpoints: this.#writer.checkpoints,
      messages: this.#writer.messages,
      added: this.#added,
      entries,
      turns: turns.length - 1,
      branches: [...new Set(used.map(({ name }) => name))],
      head: last.head,
      agents: this.#agents.length,
      warnings: [
        ...warnings.map((one) => ({ file: this.#source.name, ...one })),
        ...this.#agents.flatMap(({ file, transcript }) =>
          transcript.warnings.map((one) => ({ file, ...one })),
        ),
      ],
    }
  }
}

/** Bytes of the file that are written together: enough to hide what a write costs, and little to hold or to lose. */
export const TOGETHER = 4 << 20

const lastLine = ({ rows }: Turn): number => rows.at(-1)?.line ?? 0

const linesAfter = (turns: readonly Turn[], line: number): number =>
  turns.reduce((sum, { rows }) => sum + rows.filter((row) => row.line > line).length, 0)
