/** What a store has of a transcript already, and whether a file continues it. */
import { createHash } from 'node:crypto'
import { AlreadyExistsError, ConflictError, InvalidStateError } from '../../errors.ts'
import type { Session } from '../../state/index.ts'
import type { SessionStore } from '../../store/session-store.ts'
import type { ByteSource } from '../byte-source.ts'
import { isObject } from '../remainder.ts'
import type { AgentFile, AgentSource } from './agent-files.ts'
import type { ImportedRun } from './run-builder.ts'
import type { Cursor, Transcript } from './scan.ts'

/** Under `import` of a session's metadata. */
export interface ImportNote extends AgentSource {
  from: 'claude-code'
  /** How entries are kept, see `source-lines.ts`. */
  format: 1
  /** Name of the file. */
  file: string
  /** Version of Claude Code. */
  version?: string
  gitBranch?: string
}

/** A branch that holds turns of the transcript. */
export interface StoredBranch {
  name: string
  head: string
  active: boolean
  /** By id of a turn: its last line. */
  turns: Map<string, number>
  /** The turn that the branch ends with; `undefined` when the session went on here without Claude Code. */
  tip: string | undefined
  note: ImportNote
  /** Sub-agents with a transcript of their own, by run. */
  agents: Map<string, ImportedRun['source'] & Partial<AgentSource>>
}

export const FORMAT = 1

/** The start of a session is always there, even where it has no run. */
export const START = 'start'

/**
 * Branches of the session that were imported; `undefined` when there is no such session. Throws AlreadyExistsError
 * when the session is not an imported one.
 */
export async function readStored(store: SessionStore, session: string): Promise<StoredBranch[] | undefined> {
  if (!(await store.exists(session))) return undefined
  const found: StoredBranch[] = []
  const branches = store.supports.branches ? await store.branches(session) : [undefined]
  for (const branch of branches) {
    const options = { last: 1, events: false, ...(branch === undefined ? {} : { branch: branch.name }) }
    const state = await store.load(session, options)
    const note = noteOf(state)
    if (state === undefined || note === undefined) continue
    const { name, head, active } = branch ?? { name: 'main', head: '', active: true }
    found.push({ name, head, active, ...turnsOf(state), note })
  }
  if (found.length > 0) return found
  throw new AlreadyExistsError(
    { kind: 'session', id: session },
    `There already is a session '${session}', and it was not imported from Claude Code. Import under another id with 'sessionId'.`,
  )
}

/**
 * What the importer has noted in the session; `undefined` when it was not imported from Claude Code. Throws
 * InvalidStateError when a newer forkpoint imported it.
 */
export function noteOf(state: Session | undefined): ImportNote | undefined {
  const note = state?.metadata.import
  if (!isObject(note) || note.from !== 'claude-code' || !isObject(note.cursor)) return undefined
  if (note.format === FORMAT) return note as unknown as ImportNote
  const message = `Session '${state?.id}' was imported by a newer forkpoint. Upgrade forkpoint to go on with it.`
  throw new InvalidStateError([{ path: ['metadata', 'import', 'format'], message }], message)
}

/** Throws ConflictError unless the transcript begins with what was imported before. */
export async function checkContinues(
  session: string,
  stored: readonly StoredBranch[],
  source: ByteSource,
  transcript: Transcript,
): Promise<void> {
  const furthest = stored.reduce((a, b) => (b.note.cursor.bytes > a.note.cursor.bytes ? b : a))
  const { cursor, file } = furthest.note
  if (await continues(cursor, source, transcript)) return
  const why =
    source.size < cursor.bytes
      ? `it is shorter than what was imported before (${cursor.lines} lines of '${file}'), so it is older, or another one`
      : `its first ${cursor.lines} lines are not the ones imported before from '${file}'`
  throw new ConflictError(
    { session, branch: furthest.name, actual: furthest.head },
    `'${source.name}' does not continue session '${session}': ${why}. Import it under another id with 'sessionId', or delete the session first.`,
  )
}

/** Throws ConflictError unless each sub-agent's transcript begins with what was imported before. */
export async function checkAgentsContinue(
  session: string,
  stored: readonly StoredBranch[],
  agents: readonly AgentFile[],
): Promise<void> {
  for (const agent of agents) {
    for (const { agents: known, name, head } of stored) {
      const cursor = known.get(agent.run)?.cursor
      if (cursor === undefined || (await continues(cursor, agent.source, agent.transcript))) continue
      throw new ConflictError(
        { session, branch: name, actual: head },
        `'${agent.file}' does not continue the sub-agent of that name in session '${session}'. Import the session under another id with 'sessionId'.`,
      )
    }
  }
}

async function continues(cursor: Cursor, source: ByteSource, { turns }: Transcript): Promise<boolean> {
  if (source.size < cursor.bytes) return false
  const known = turns.find(({ cursor: { bytes } }) => bytes === cursor.bytes)
  return (known?.cursor.sha256 ?? (await hashOfStart(source, cursor.bytes))) === cursor.sha256
}

async function hashOfStart(source: ByteSource, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  const step = 1 << 20
  for (let at = 0; at < bytes; at += step) hash.update(await source.read(at, Math.min(bytes, at + step)))
  return hash.digest('hex')
}

function turnsOf(state: Session): Pick<StoredBranch, 'turns' | 'tip' | 'agents'> {
  const turns = new Map<string, number>([[START, 0]])
  const agents: StoredBranch['agents'] = new Map()
  let tip: string | undefined = START
  for (const run of state.runs as readonly Partial<ImportedRun>[]) {
    const { id = '', agent, source } = run
    if (agent !== undefined) {
      if (source?.file !== undefined) agents.set(id, source)
    } else if (isTurn(id) && Array.isArray(source?.lines)) {
      turns.set(id, source.lines[1])
      tip = id
    } else tip = undefined
  }
  const last = state.messages.at(-1)
  if (last !== undefined && !turns.has(last.run ?? '')) tip = undefined
  return { turns, tip, agents }
}

const isTurn = (id: string): boolean => id === START || /^line-\d+$/.test(id)
