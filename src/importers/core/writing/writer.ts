/** Writes built turns to a store: one checkpoint each, on the branch of their line of turns. */
import { createHash } from 'node:crypto'
import { CorruptError, NotFoundError } from '../../../errors.ts'
import { cut } from '../../../excerpt.ts'
import { newSession, type Session, type Usage } from '../../../state/index.ts'
import type {
  Author,
  Checkpoint,
  LoadOptions,
  NextAddition,
  SessionStore,
  WriteOptions,
} from '../../../store/session-store.ts'
import type { BuiltTurn, ImportedRun, Importer, Transcript, Turn } from '../../importer.ts'
import { Projects } from '../projects.ts'
import { type ImportNote, noteOf, START, type StoredBranch } from '../stored.ts'
import { addUsage } from '../usage.ts'
import { type AppendRequest, additionOf, type Head } from './addition.ts'

/** The content of one turn. */
export interface TurnContent {
  turn: Turn
  built: BuiltTurn
  /** Runs of sub-agents with their own transcript. */
  agents: readonly ImportedRun[]
}

export class SessionWriter {
  readonly session: string
  checkpoints = 0
  messages = 0
  /** See `ImportNote.edition`. */
  edition: string | undefined
  /** See `ImportOptions.files`. */
  files: WriteOptions['files']
  readonly #tool: Importer
  readonly #store: SessionStore
  readonly #transcript: Transcript
  readonly #author: Author | undefined
  readonly #projects = new Projects()
  /** Known heads, by branch. */
  readonly #heads = new Map<string, Head>()
  /** The newest checkpoint that this import made of each turn, by turn. */
  readonly #made = new Map<string, string>()

  constructor(
    tool: Importer,
    store: SessionStore,
    session: string,
    transcript: Transcript,
    author: Author | undefined,
  ) {
    this.#tool = tool
    this.#store = store
    this.session = session
    this.#transcript = transcript
    this.#author = author
  }

  /**
   * Begins a branch with the entries before the first prompt. Creates the session if it does not exist. Throws
   * ConflictError if someone else wrote first.
   */
  async create(name: string, { turn, built, agents }: TurnContent): Promise<StoredBranch> {
    const note = this.#note(turn)
    const runs = [...agents, ...built.runs]
    const project = await this.#projects.of(turn.about)
    const state: Session = {
      ...newSession(this.session),
      ...fieldsOf(turn),
      createdAt: this.#transcript.firstAt,
      updatedAt: built.endedAt,
      usage: runs.reduce<Usage>((sum, run) => addUsage(sum, run.usage), {}),
      metadata: { ...project, import: note },
      messages: built.messages,
      runs,
    }
    const version = turn.about.version
    const subject = version === undefined ? turn.subject : `${turn.subject} (${this.#tool.title} ${version})`
    const checkpoint = await this.#store.save(state, {
      ...this.#options(turn.id, subject, built.endedAt, this.#keyOf(turn.id, note, agents), state.model),
      ...(this.#store.supports.branches ? { branch: name } : {}),
      expected: null,
    })
    this.messages += built.messages.length
    this.#count(checkpoint, turn.id)
    this.#heads.set(checkpoint.branch, state)
    return {
      name: checkpoint.branch,
      head: checkpoint.id,
      active: false,
      turns: new Map([[START, lastLine(turn)]]),
      tip: START,
      note,
      updatedAt: state.updatedAt,
      agents: new Map(agents.map(({ id, source }) => [id, source])),
    }
  }

  /**
   * Adds turns on top of the branch, in one write where the store can. Of a turn that the branch already has, adds only
   * the new entries.
   */
  async add(branch: StoredBranch, contents: readonly TurnContent[]): Promise<void> {
    let together: TurnContent[] = []
    const write = async (): Promise<void> => {
      if (together.length > 0) await this.#addTogether(branch, together)
      together = []
    }
    for (const content of contents) {
      const isAlone = this.#store.appendAll === undefined || this.#goesAlone(branch, content)
      if (isAlone) await write()
      together.push(content)
      if (isAlone) await write()
    }
    await write()
  }

  /** Whether the store has a part of the content already, or takes a snapshot of the workspace with it. */
  #goesAlone(branch: StoredBranch, { turn, agents }: TurnContent): boolean {
    return (
      branch.turns.has(turn.id) ||
      agents.some(({ id }) => branch.agents.has(id)) ||
      this.#endsWithFiles(turn.id)
    )
  }

  async #addTogether(branch: StoredBranch, contents: readonly TurnContent[]): Promise<void> {
    const requests: AppendRequest[] = []
    for (const { turn, built, agents } of contents) {
      const known = branch.turns.has(turn.id)
      const note = this.#note(turn)
      const project = await this.#projects.of(turn.about)
      const subject = known
        ? turn.subject.replace(/^(?:turn \d+|session start)/, '$&, continued')
        : turn.subject
      const key = this.#keyOf(turn.id, note, agents)
      requests.push({
        messages: built.messages,
        runs: [...agents, ...built.runs],
        fields: ({ metadata }) => ({
          ...fieldsOf(turn),
          // A file that was empty at its first import contained no time.
          createdAt: this.#transcript.firstAt,
          updatedAt: built.endedAt,
          metadata: { ...metadata, ...project, import: note },
        }),
        known: known ? turn.id : undefined,
        options: ({ model }) => ({
          ...this.#options(turn.id, subject, built.endedAt, key, turn.about.model ?? model),
          ...(built.body === undefined ? {} : { body: built.body }),
        }),
      })
    }
    const made = await this.#append(branch, requests)
    for (const [n, { turn, agents }] of contents.entries()) {
      this.#count(made[n] as Checkpoint, turn.id)
      branch.turns.set(turn.id, lastLine(turn))
      branch.tip = turn.id
      branch.note = this.#note(turn)
      for (const { id, source } of agents) branch.agents.set(id, source)
    }
  }

  /** Adds a sub-agent's run, or its new events, on top of the branch after its turn was imported. */
  async addAgent(branch: StoredBranch, run: ImportedRun): Promise<void> {
    const name = run.agent?.description ?? run.prompt
    const subject = cut(`sub-agent ${run.agent?.id ?? run.id}: ${name}`, 72)
    const key = this.#keyOf(run.id, branch.note, [run])
    const request: AppendRequest = {
      messages: [],
      runs: [run],
      fields: () => ({}),
      known: undefined,
      options: ({ model }) => this.#options(run.id, subject, run.endedAt ?? run.startedAt, key, model),
    }
    const [made] = await this.#append(branch, [request])
    this.#count(made as Checkpoint, run.id)
    branch.agents.set(run.id, run.source)
  }

  /** Starts a branch at the newest checkpoint of a turn that `from` holds. */
  async fork(
    from: StoredBranch,
    turn: string,
    name: string,
    turns: readonly string[],
  ): Promise<StoredBranch> {
    const at = this.#made.get(turn) ?? (await this.#findCheckpoint(from, turn))
    const { id } = await this.#store.fork(this.session, { at, branch: name })
    const state = await this.#load(name, PART)
    this.#heads.set(name, state)
    return {
      name,
      head: id,
      active: false,
      turns: new Map(turns.map((one) => [one, from.turns.get(one) ?? 0])),
      tip: turn,
      note: noteOf(this.#tool, state) ?? from.note,
      updatedAt: state.updatedAt,
      agents: new Map(from.agents),
    }
  }

  async #head(branch: StoredBranch): Promise<Head> {
    const known = this.#heads.get(branch.name) ?? (await this.#load(branch.name, PART))
    this.#heads.set(branch.name, known)
    return known
  }

  async #load(branch: string, part: LoadOptions): Promise<Session> {
    const on = this.#store.supports.branches ? { branch } : {}
    const state = await this.#store.load(this.session, { ...part, ...on })
    if (state === undefined) throw new NotFoundError({ kind: 'session', id: this.session })
    return state
  }

  /** Appends to the branch, one checkpoint per request; several of them in one write. */
  async #append(branch: StoredBranch, requests: readonly AppendRequest[]): Promise<Checkpoint[]> {
    let head = await this.#head(branch)
    let messages = 0
    const additions: NextAddition[] = []
    for (const request of requests) {
      const { known, runs } = request
      // The stored session is read only if it already has a part of the turn or of a sub-agent's run.
      const goesOn = known !== undefined || runs.some(({ id }) => branch.agents.has(id))
      const before = goesOn ? await this.#load(branch.name, {}) : undefined
      const { addition, added } = additionOf(request, head, before)
      additions.push({ addition, options: request.options(head) })
      head = { ...head, ...addition.set }
      messages += added
    }
    const on = {
      ...(this.#store.supports.branches ? { branch: branch.name } : {}),
      expected: branch.head,
    }
    const [{ addition, options }] = additions as [NextAddition]
    const made =
      additions.length === 1 || this.#store.appendAll === undefined
        ? [await this.#store.append(this.session, addition, { ...options, ...on })]
        : await this.#store.appendAll(this.session, additions, on)
    this.messages += messages
    this.#heads.set(branch.name, head)
    branch.head = (made.at(-1) as Checkpoint).id
    return made
  }

  #count(checkpoint: Checkpoint, turn: string): void {
    this.checkpoints++
    this.#made.set(turn, checkpoint.id)
  }

  /** @param model the session's model; if it is not known, the tool is the author. */
  #options(
    id: string,
    subject: string,
    at: string,
    key: string,
    model: string | undefined,
  ): Omit<WriteOptions, 'expected'> {
    const author = this.#author ?? (model === undefined ? byTool(this.#tool.title) : undefined)
    const files = this.#endsWithFiles(id) ? this.files : undefined
    return {
      // The entries before the first prompt are a step, so that they do not count as a turn.
      kind: id === START ? 'step' : 'import',
      subject,
      at,
      ...(this.#store.supports.keys ? { key } : {}),
      ...(author === undefined ? {} : { author }),
      ...(files === undefined ? {} : { files }),
    }
  }

  #endsWithFiles(id: string): boolean {
    const { turns, current } = this.#transcript
    return this.files !== undefined && id === turns[current]?.id
  }

  #note({ id, cursor, about: { version, gitBranch } }: Turn): ImportNote {
    const { name, turns, current, end } = this.#transcript
    const { unfinished, finalNewline, ...shared } = end
    return {
      from: this.#tool.name,
      format: this.#tool.format,
      file: name,
      ...(this.edition === undefined ? {} : { edition: this.edition }),
      ...(version === undefined ? {} : { version }),
      ...(gitBranch === undefined ? {} : { gitBranch }),
      ...(id === turns[current]?.id ? end : shared),
      cursor,
    }
  }

  /** Makes the same key for the same content, so that it is safe to import again after a crash, or twice at once. */
  #keyOf(
    id: string,
    { cursor, unfinished, finalNewline, frame, edition }: ImportNote,
    agents: readonly ImportedRun[],
  ): string {
    const more = [edition, unfinished, finalNewline, frame, ...agents.map(({ source }) => source)].filter(
      (one) => one !== undefined,
    )
    const rest = more.length === 0 ? '' : `:${sha256(JSON.stringify(more)).slice(0, 16)}`
    return `${this.#tool.name}:${id}:${cursor.sha256}${rest}`
  }

  async #findCheckpoint(branch: StoredBranch, turn: string): Promise<string> {
    const { keys } = this.#store.supports
    for await (const { id, key, run } of this.#store.log(this.session, { at: branch.head, steps: true })) {
      if (keys ? key?.startsWith(`${this.#tool.name}:${turn}:`) : run === turn) return id
    }
    throw new CorruptError(
      `Branch '${branch.name}' of session '${this.session}' has '${turn}', but the checkpoint is missing. Import the file under another session id.`,
    )
  }
}

const PART: LoadOptions = { last: 1, events: false }

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function fieldsOf({ about: { title, workspace, model } }: Turn): Partial<Session> {
  return {
    ...(title === undefined ? {} : { title }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(model === undefined ? {} : { model }),
  }
}

const byTool = (name: string): Author => ({ name, email: 'noreply@forkpoint.invalid' })

const lastLine = (turn: Turn): number => turn.rows.at(-1)?.line ?? 0
