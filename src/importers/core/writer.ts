/** Writes built turns to a store: one checkpoint each, on the branch where their line of turns stands. */
import { createHash } from 'node:crypto'
import { CorruptError } from '../../errors.ts'
import { cut } from '../../excerpt.ts'
import { type Message, newSession, type Session, type Usage } from '../../state/index.ts'
import type {
  Addition,
  Author,
  Checkpoint,
  SessionHandle,
  SessionStore,
  WriteOptions,
} from '../../store/session-store.ts'
import type { BuiltTurn, ImportedRun, Importer, Transcript, Turn } from '../importer.ts'
import { type ImportNote, noteOf, START, type StoredBranch } from './stored.ts'
import { addUsage } from './usage.ts'

/** What there is of one turn. */
export interface TurnContent {
  turn: Turn
  built: BuiltTurn
  /** Runs of sub-agents with a transcript of their own. */
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
  readonly #handles = new Map<string, SessionHandle>()
  /** By turn: the newest checkpoint made of it here. */
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
   * Begins a branch with what stands before the first prompt; it makes the session if there is none. Throws
   * ConflictError if someone else wrote first.
   */
  async create(name: string, { turn, built, agents }: TurnContent): Promise<StoredBranch> {
    const note = this.#note(turn)
    const runs = [...agents, ...built.runs]
    const state: Session = {
      ...newSession(this.session),
      ...fieldsOf(turn),
      createdAt: this.#transcript.firstAt,
      updatedAt: built.endedAt,
      usage: runs.reduce<Usage>((sum, run) => addUsage(sum, run.usage), {}),
      metadata: { import: note },
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

  /** Adds a turn on top of the branch; of one that is there, what it got since. */
  async add(branch: StoredBranch, { turn, built, agents }: TurnContent): Promise<void> {
    const handle = await this.#handle(branch)
    const known = branch.turns.has(turn.id)
    const note = this.#note(turn)
    const messages = known ? changedMessages(built.messages, handle.state, turn.id) : built.messages
    const checkpoint = await this.#append(handle, {
      messages,
      runs: [...agents, ...built.runs],
      fields: {
        ...fieldsOf(turn),
        // A file that was imported while it was empty gave no time.
        createdAt: this.#transcript.firstAt,
        updatedAt: built.endedAt,
        metadata: { ...handle.state.metadata, import: note },
      },
      fresh: !known,
      options: this.#options(
        turn.id,
        known ? turn.subject.replace(/^(?:turn \d+|session start)/, '$&, continued') : turn.subject,
        built.endedAt,
        this.#keyOf(turn.id, note, agents),
        turn.about.model ?? handle.state.model,
      ),
    })
    this.#count(checkpoint, turn.id)
    branch.turns.set(turn.id, lastLine(turn))
    branch.tip = turn.id
    branch.head = checkpoint.id
    branch.note = note
    for (const { id, source } of agents) branch.agents.set(id, source)
  }

  /** Adds a sub-agent's run, or what is new of it, on top of the branch, long after its turn was over. */
  async addAgent(branch: StoredBranch, run: ImportedRun): Promise<void> {
    const handle = await this.#handle(branch)
    const name = run.agent?.description ?? run.prompt
    const checkpoint = await this.#append(handle, {
      messages: [],
      runs: [run],
      fields: {},
      fresh: false,
      options: this.#options(
        run.id,
        cut(`sub-agent ${run.agent?.id ?? run.id}: ${name}`, 72),
        run.endedAt ?? run.startedAt,
        this.#keyOf(run.id, branch.note, [run]),
        handle.state.model,
      ),
    })
    this.#count(checkpoint, run.id)
    branch.head = checkpoint.id
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
    const handle = await this.#store.open(this.session, { branch: name })
    this.#handles.set(name, handle)
    return {
      name,
      head: id,
      active: false,
      turns: new Map(turns.map((one) => [one, from.turns.get(one) ?? 0])),
      tip: turn,
      note: noteOf(this.#tool, handle.state) ?? from.note,
      updatedAt: handle.state.updatedAt,
      agents: new Map(from.agents),
    }
  }

  async #handle(branch: StoredBranch): Promise<SessionHandle> {
    const open = this.#handles.get(branch.name)
    if (open !== undefined) return open
    const options = this.#store.supports.branches ? { branch: branch.name } : {}
    const handle = await this.#store.open(this.session, options)
    this.#handles.set(branch.name, handle)
    return handle
  }

  async #append(
    handle: SessionHandle,
    { messages, runs, fields, fresh, options }: AppendRequest,
  ): Promise<Checkpoint> {
    let { usage } = handle.state
    const additions = runs.map((run) => {
      const old = fresh && run.agent === undefined ? undefined : findRun(handle.state, run.id)
      usage = addUsage(addUsage(usage, old?.usage, -1), run.usage)
      const last = old?.events.at(-1)?.sequence ?? -1
      return old === undefined
        ? run
        : { ...run, events: run.events.filter(({ sequence }) => sequence > last) }
    })
    const before = handle.state.messages.length
    const addition: Addition = { messages, runs: additions, set: { ...fields, usage } }
    const checkpoint = await handle.append(addition, options)
    this.messages += fresh ? messages.length : handle.state.messages.length - before
    return checkpoint
  }

  #count(checkpoint: Checkpoint, turn: string): void {
    this.checkpoints++
    this.#made.set(turn, checkpoint.id)
  }

  /** @param model of the session, as far as it is known; else the tool is the author. */
  #options(
    id: string,
    subject: string,
    at: string,
    key: string,
    model: string | undefined,
  ): Omit<WriteOptions, 'expected'> {
    const author = this.#author ?? (model === undefined ? byTool(this.#tool.title) : undefined)
    const { turns, current } = this.#transcript
    const files = id === turns[current]?.id ? this.files : undefined
    return {
      // What stands before the first prompt is a step of its turn, so that turns are counted as people count them.
      kind: id === START ? 'step' : 'import',
      subject,
      at,
      ...(this.#store.supports.keys ? { key } : {}),
      ...(author === undefined ? {} : { author }),
      ...(files === undefined ? {} : { files }),
    }
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

  /** The same content has the same key, so that importing again after a crash, or twice at once, does no harm. */
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

interface AppendRequest {
  messages: readonly Message[]
  runs: readonly ImportedRun[]
  fields: Readonly<Record<string, unknown>>
  /** Whether the branch has nothing of the turn yet. */
  fresh: boolean
  options: Omit<WriteOptions, 'expected'>
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function fieldsOf({ about: { title, workspace, model } }: Turn): Partial<Session> {
  return {
    ...(title === undefined ? {} : { title }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(model === undefined ? {} : { model }),
  }
}

/** Messages of a turn that are new, or have got more lines. */
function changedMessages(messages: readonly Message[], state: Session, turn: string): Message[] {
  const old = new Map<string, Message>()
  for (let at = state.messages.length - 1; at >= 0; at--) {
    const message = state.messages[at] as Message
    if (message.run !== turn) break
    old.set(message.id, message)
  }
  return messages.filter(({ id, source }) => {
    const before = old.get(id)
    return before === undefined || JSON.stringify(before.source) !== JSON.stringify(source)
  })
}

const findRun = (state: Session, id: string) => state.runs.findLast((run) => run.id === id)

const byTool = (name: string): Author => ({ name, email: 'noreply@forkpoint.invalid' })

const lastLine = (turn: Turn): number => turn.rows.at(-1)?.line ?? 0
