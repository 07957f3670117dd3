/** Imports a Claude Code session file into a store: one checkpoint a turn, at the original times. */
import { dirname } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import type { Author, SessionStore } from '../../store/session-store.ts'
import { type ByteSource, type NamedLines, openSource } from '../byte-source.ts'
import { identical } from '../remainder.ts'
import {
  type AgentFile,
  agentSource,
  buildAgentRun,
  findAgentFiles,
  isAgentFile,
  scanAgentFile,
} from './agent-files.ts'
import { bestBranch, freeName, sharedTurns } from './branch-choice.ts'
import type { ImportedRun } from './run-builder.ts'
import { scanTranscript, type Transcript, type Turn } from './scan.ts'
import { checkAgentsContinue, checkContinues, readStored, type StoredBranch } from './stored.ts'
import { buildTurn } from './turn.ts'
import { pathsOf } from './turn-tree.ts'
import { SessionWriter, type TurnContent } from './writer.ts'

export interface ImportOptions {
  /** Id of the session. Default: the one that the entries give, else the file's name. */
  sessionId?: string
  /**
   * Transcripts of the session's sub-agents. Default: for a path, those found beside it and in
   * `<session>/subagents/`; otherwise none.
   */
  agents?: readonly (string | NamedLines)[]
  author?: Author
  onProgress?: (progress: ImportProgress) => void
  /** The clock, in milliseconds, for a transcript that says no time at all. Default `Date.now`. */
  now?: () => number
}

export interface ImportProgress {
  session: string
  file: string
  /** Turns written, of those in the file. */
  done: number
  total: number
}

export interface ImportWarning {
  /** Name of the file. */
  file: string
  line: number
  message: string
}

export interface ImportResult {
  session: string
  title: string | undefined
  /** Whether the session is new in the store. */
  created: boolean
  /** Checkpoints that were made. */
  checkpoints: number
  /** Messages that were added. */
  messages: number
  /** Entries that were added: lines of the file and of its sub-agents' files that the store did not have. */
  added: number
  /** Entries in the file. */
  entries: number
  /** Turns in the file. */
  turns: number
  /** Branches that hold the file's turns; first the one that the session ended on. */
  branches: string[]
  /** Checkpoint of the last turn. */
  head: string
  /** Sub-agents with a file of their own. */
  agents: number
  warnings: ImportWarning[]
}

/**
 * Imports a session file, or adds what a file that was imported before has got since. An unchanged file adds nothing.
 *
 *     const { session, checkpoints } = await importClaudeCode('/home/me/.claude/projects/-repo/3f2a….jsonl', store)
 *
 * Every entry is kept; `exportClaudeCode` gives them back. A conversation that was rewound becomes a branch
 * `rewind-1`, forked where the two ways part; `main` is the one that the session ended on. When a rewind comes to light
 * only in a file that has grown, `main` stays what it was, and the new way is the branch, and the active one.
 *
 * @param source path of the `.jsonl` file, or its lines
 * @throws AlreadyExistsError when the store has a session of this id that was not imported; ConflictError when it was
 *   imported from something that the file does not continue; StorageError when the file cannot be read
 */
export async function importClaudeCode(
  source: string | NamedLines,
  store: SessionStore,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const now = (options.now ?? Date.now)()
  const bytes = await openSource(source)
  const agentFile = isAgentFile(bytes.name)
  const transcript = await scanTranscript(bytes, { agentFile, now })
  const folder = typeof source === 'string' ? dirname(source) : '.'
  const agents: AgentFile[] = []
  for (const agent of options.agents ?? (await besides(source, transcript, agentFile))) {
    agents.push(await scanAgentFile(agent, folder, now))
  }
  return new Import(bytes, transcript, nameRuns(agents), store, options).run()
}

const besides = async (source: string | NamedLines, transcript: Transcript, agentFile: boolean) =>
  typeof source === 'string' && !agentFile ? findAgentFiles(source, transcript.sessionId) : []

/** Two sub-agents may have the same file name in different folders. */
function nameRuns(agents: readonly AgentFile[]): AgentFile[] {
  const taken = new Set<string>()
  return agents.map((agent) => {
    const run = taken.has(agent.run) ? agent.file : agent.run
    taken.add(run)
    return { ...agent, run }
  })
}

class Import {
  readonly #source: ByteSource
  readonly #transcript: Transcript
  readonly #store: SessionStore
  readonly #onProgress: ImportOptions['onProgress']
  readonly #session: string
  readonly #agentFile: boolean
  readonly #writer: SessionWriter
  readonly #agents: readonly AgentFile[]
  /** Sub-agents that no turn has brought along yet. */
  readonly #waiting: Set<AgentFile>
  #added = 0
  #done = 0

  constructor(
    source: ByteSource,
    transcript: Transcript,
    agents: readonly AgentFile[],
    store: SessionStore,
    { sessionId, author, onProgress }: ImportOptions,
  ) {
    this.#source = source
    this.#transcript = transcript
    this.#agents = agents
    this.#waiting = new Set(agents)
    this.#store = store
    this.#onProgress = onProgress
    this.#agentFile = isAgentFile(source.name)
    const stem = source.name.replace(/\.jsonl$/, '')
    // A sub-agent's entries give the id of the session it worked for.
    this.#session = sessionId ?? (this.#agentFile ? stem : (transcript.sessionId ?? stem))
    this.#writer = new SessionWriter(store, this.#session, transcript, author)
  }

  async run(): Promise<ImportResult> {
    const paths = pathsOf(this.#transcript.turns.map(({ parent }) => parent))
    if (paths.length > 1 && !this.#store.supports.branches) {
      throw new UnsupportedError(
        'branches',
        `'${this.#source.name}' was rewound, which needs a store with branches. Import it into a git store.`,
      )
    }
    const stored = await readStored(this.#store, this.#session)
    if (stored !== undefined) {
      await checkContinues(this.#session, stored, this.#source, this.#transcript)
      await checkAgentsContinue(this.#session, stored, this.#agents)
    }
    const branches = stored === undefined ? [await this.#create()] : [...stored]
    const used: StoredBranch[] = []
    for (const path of paths) used.push(await this.#writePath(path, paths, branches))
    for (const agent of this.#waiting) await this.#writeAgent(agent, paths, used)

    const [main] = used as [StoredBranch]
    return this.#result(stored === undefined, main, used)
  }

  async #create(): Promise<StoredBranch> {
    const branch = await this.#writer.create(await this.#content(0, new Map()))
    this.#wrote(0, 0)
    return branch
  }

  /** Writes what the store does not have of a line of turns. Returns the branch that holds it. */
  async #writePath(
    path: readonly number[],
    paths: readonly (readonly number[])[],
    branches: StoredBranch[],
  ): Promise<StoredBranch> {
    const ids = path.map((index) => this.#turn(index).id)
    let branch = bestBranch(ids, branches)
    const shared = sharedTurns(ids, branch)
    const todo = path.slice(this.#isBehind(branch, path[shared - 1] as number) ? shared - 1 : shared)
    if (todo.length === 0) return branch
    const last = ids[shared - 1] as string
    if (branch.tip !== last) {
      // The branch goes another way from here, or the session went on there without Claude Code.
      const name = freeName(paths.length > 1 ? 'rewind' : 'import', branches)
      branch = await this.#writer.fork(branch, last, name, ids.slice(0, shared))
      branches.push(branch)
    }
    if (path === paths[0]) await this.#activate(branch, branches)
    for (const index of todo) {
      const before = branch.turns.get(this.#turn(index).id) ?? 0
      await this.#writer.add(branch, await this.#content(index, branch.agents))
      this.#wrote(index, before)
    }
    return branch
  }

  /** Makes the line that the session ended on the active one, unless the user is at work on a line of their own. */
  async #activate(branch: StoredBranch, branches: readonly StoredBranch[]): Promise<void> {
    const active = branches.find((one) => one.active)
    if (branch.active || active?.tip === undefined) return
    await this.#store.switch(this.#session, branch.name)
    active.active = false
    branch.active = true
  }

  /** Writes what is new of a sub-agent whose turn was there already. */
  async #writeAgent(
    agent: AgentFile,
    paths: readonly (readonly number[])[],
    used: readonly StoredBranch[],
  ): Promise<void> {
    const turn = this.#turnOf(agent)
    const branch = used[paths.findIndex((path) => path.includes(turn))] as StoredBranch
    const old = branch.agents.get(agent.run)
    const { cursor, unfinished } = agentSource(agent.transcript)
    if (old?.cursor?.bytes === cursor.bytes && identical(old.unfinished, unfinished)) return
    await this.#writer.addAgent(branch, await buildAgentRun(agent, this.#transcript))
    this.#added += linesAfter(agent.transcript.turns, old?.cursor?.lines ?? 0)
  }

  /** @param known sub-agents that the branch has */
  async #content(index: number, known: StoredBranch['agents']): Promise<TurnContent> {
    const built = await buildTurn(this.#transcript, index, this.#source, this.#agentFile)
    const agents: ImportedRun[] = []
    for (const agent of this.#waiting) {
      if (this.#turnOf(agent) !== index) continue
      agents.push(await buildAgentRun(agent, this.#transcript))
      this.#waiting.delete(agent)
      this.#added += linesAfter(agent.transcript.turns, known.get(agent.run)?.cursor?.lines ?? 0)
    }
    return { turn: this.#turn(index), built, agents }
  }

  /** The turn during which the sub-agent started. */
  #turnOf({ transcript: { firstAt } }: AgentFile): number {
    const { turns } = this.#transcript
    return Math.max(
      0,
      turns.findLastIndex(({ rows: [first] }) => first !== undefined && first.at <= firstAt),
    )
  }

  /** Whether the file has more of the turn than the branch. */
  #isBehind(branch: StoredBranch, index: number): boolean {
    const { turns, tail } = this.#transcript
    const turn = this.#turn(index)
    if ((branch.turns.get(turn.id) ?? 0) < (turn.rows.at(-1)?.line ?? 0)) return true
    return index === turns.length - 1 && !identical(branch.note.unfinished, tail)
  }

  #turn(index: number): Turn {
    return this.#transcript.turns[index] as Turn
  }

  #wrote(index: number, before: number): void {
    this.#added += linesAfter([this.#turn(index)], before)
    this.#done++
    this.#onProgress?.({
      session: this.#session,
      file: this.#source.name,
      done: this.#done,
      total: this.#transcript.turns.length,
    })
  }

  #result(created: boolean, main: StoredBranch, used: readonly StoredBranch[]): ImportResult {
    const { turns, entries, warnings } = this.#transcript
    return {
      session: this.#session,
      title: turns.at(-1)?.about.title,
      created,
      checkpoints: this.#writer.checkpoints,
      messages: this.#writer.messages,
      added: this.#added,
      entries,
      turns: turns.length - 1,
      branches: [...new Set(used.map(({ name }) => name))],
      head: main.head,
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

const linesAfter = (turns: readonly Turn[], line: number): number =>
  turns.reduce((sum, { rows }) => sum + rows.filter((row) => row.line > line).length, 0)
