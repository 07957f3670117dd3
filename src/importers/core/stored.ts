/** Reads what a store already has of an imported session. */
import { AlreadyExistsError, InvalidStateError } from '../../errors.ts'
import { isJsonObject } from '../../json-value.ts'
import type { Session } from '../../state/index.ts'
import type { SessionStore } from '../../store/session-store.ts'
import type { AgentSource, ImportedRun, Importer } from '../importer.ts'

/** The import note, stored as `import` in a session's metadata. */
export interface ImportNote extends AgentSource {
  /** Name of the tool. */
  from: string
  /** Version of the format in which entries are stored. */
  format: number
  /** Name of the file. */
  file: string
  /**
   * Identifies the file that the branch comes from, if the session was imported from several different files: absent
   * for the first file; for a later one, the name of the branch that was made for it.
   */
  edition?: string
  /** Version of the tool. */
  version?: string
  gitBranch?: string
}

/** A branch that holds imported turns. */
export interface StoredBranch {
  name: string
  head: string
  active: boolean
  /** Number of the last line of each turn, by the turn's id. */
  turns: Map<string, number>
  /** Id of the branch's last turn; `undefined` if the session was continued here without the tool. */
  tip: string | undefined
  note: ImportNote
  /** ISO 8601. */
  updatedAt: string
  /** Sub-agents with their own file, by run. */
  agents: Map<string, ImportedRun['source']>
}

/** Id of the first turn, which every session has, even without a run. */
export const START = 'start'

/**
 * Returns the imported branches of the session; `undefined` if the session does not exist. Throws AlreadyExistsError if
 * the session was not imported from the tool.
 */
export async function readStored(
  tool: Importer,
  store: SessionStore,
  session: string,
): Promise<StoredBranch[] | undefined> {
  if (!(await store.exists(session))) return undefined
  const found: StoredBranch[] = []
  const branches = store.supports.branches
    ? await store.branches(session)
    : [{ name: 'main', head: (await store.checkpoint(session)).id, active: true }]
  for (const { name, head, active } of branches) {
    const options = { last: 1, events: false, ...(store.supports.branches ? { branch: name } : {}) }
    const state = await store.load(session, options)
    const note = noteOf(tool, state)
    if (state === undefined || note === undefined) continue
    found.push({ name, head, active, ...turnsOf(state), note, updatedAt: state.updatedAt })
  }
  if (found.length > 0) return found
  throw new AlreadyExistsError(
    { kind: 'session', id: session },
    `There is already a session '${session}', and it was not imported from ${tool.title}. Import the file under another session id.`,
  )
}

/**
 * Returns the import note of the session; `undefined` if it was not imported from the tool. Throws InvalidStateError if
 * a newer version of forkpoint imported it.
 */
export function noteOf({ name, format }: Importer, state: Session | undefined): ImportNote | undefined {
  const note = state?.metadata.import
  if (!isJsonObject(note) || note.from !== name || !isJsonObject(note.cursor)) return undefined
  if (note.format === format) return note as unknown as ImportNote
  const message = `Session '${state?.id}' was imported by a newer forkpoint. Upgrade forkpoint to continue it.`
  throw new InvalidStateError([{ path: ['metadata', 'import', 'format'], message }], message)
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
