/** Imports what was added in a tool that continued a session: it becomes a branch of that session. */
import { isJsonObject } from '../../json-value.ts'
import type { Message, RunEvent } from '../../state/index.ts'
import type { SessionHandle, SessionStore } from '../../store/session-store.ts'
import type { ByteSource } from '../byte-source.ts'
import { pathsOf } from '../core/branch-choice.ts'
import type { ImportOptions, ImportResult } from '../core/import-result.ts'
import type { ImportedRun, Importer, Transcript, Turn } from '../importer.ts'
import type { Origin } from './origin.ts'

/**
 * Adds the new entries of a file that forkpoint wrote to the original session, on a separate branch that starts at the
 * checkpoint. Returns `undefined` if the store does not have the checkpoint, or has no branches: then the file is
 * imported like any other session.
 */
export async function importReturned(
  tool: Importer,
  { name }: ByteSource,
  transcript: Transcript,
  store: SessionStore,
  { session, checkpoint, lines }: Origin,
  { author, files }: ImportOptions,
): Promise<Omit<ImportResult, 'redacted'> | undefined> {
  if (!(store.supports.branches && (await store.exists(session)))) return undefined
  if (!(await store.resolve(session, checkpoint).then(Boolean, () => false))) return undefined
  const prefix = (transcript.sessionId ?? name).replace(/[^A-Za-z0-9]/g, '').slice(-8)
  const branch = `${tool.name}-${prefix}`
  const [path = []] = pathsOf(transcript)
  const turns = path.map((index) => ({ index, turn: transcript.turns[index] as Turn }))
  const fresh = turns.filter(({ turn: { rows } }) => (rows.at(-1)?.line ?? 0) > lines)
  const result = { checkpoints: 0, messages: 0, added: 0 }
  let head = checkpoint
  if (fresh.length > 0) {
    const there = (await store.branches(session)).some((one) => one.name === branch)
    if (!there) await store.fork(session, { at: checkpoint, branch })
    const handle = await store.open(session, { branch })
    for (const { index, turn } of fresh) {
      const built = await transcript.build(index)
      const messages = built.messages.flatMap((message) => broughtMessage(message, tool, prefix, lines))
      const runs = built.runs.map((run) => broughtRun(run, tool, prefix, lines))
      const more = newIn(handle, messages)
      const saidMore = runs.some((run) => !isStored(handle, run))
      if (more.length === 0 && !saidMore) continue
      const before = handle.state.messages.length
      await handle.append(
        {
          messages: more,
          runs: runs.map((run) => withNewEvents(handle, run)),
          set: { updatedAt: built.endedAt },
        },
        {
          // Settings that the tool records before the next prompt are not a turn.
          kind: more.length === 0 ? 'step' : 'import',
          subject: turn.subject,
          at: built.endedAt,
          ...(author === undefined ? {} : { author }),
          ...(files === undefined || index !== transcript.current ? {} : { files }),
          ...(store.supports.keys ? { key: `${tool.name}:${prefix}:${turn.id}:${turn.cursor.sha256}` } : {}),
        },
      )
      result.checkpoints++
      result.messages += handle.state.messages.length - before
      result.added += turn.rows.filter((row) => row.line > lines).length
    }
    head = (await store.resolve(session, branch)) as string
  }
  return {
    ...result,
    session,
    title: transcript.turns[transcript.current]?.about.title,
    created: false,
    entries: transcript.entries,
    turns: transcript.turns.length - 1,
    branches: fresh.length === 0 ? [] : [branch],
    head,
    agents: 0,
    warnings: transcript.warnings.map((one) => ({ file: name, ...one })),
  }
}

/**
 * Gives the message its own id. Stores its line under `from`, because the line is not part of the session's own file.
 */
function broughtMessage(message: Message, tool: Importer, prefix: string, lines: number): Message[] {
  const { source, id, run, ...rest } = message
  if (firstLine(source) <= lines) return []
  return [
    {
      ...rest,
      id: `${prefix}-${id}`,
      run: `${prefix}-${run}`,
      from: { tool: tool.name, ...(source as object) },
    },
  ]
}

function broughtRun(run: ImportedRun, tool: Importer, prefix: string, lines: number): ImportedRun {
  const { source, events, ...rest } = run
  const brought = events
    .filter((event) => firstLine(event.source) > lines)
    .map(
      ({ source: from, ...event }, n): RunEvent => ({
        ...event,
        sequence: n + 1,
        from: { tool: tool.name, ...(from as object) },
      }),
    )
  return {
    ...rest,
    id: `${prefix}-${run.id}`,
    events: brought,
    from: { tool: tool.name, ...source },
  } as unknown as ImportedRun
}

function firstLine(source: unknown): number {
  if (!isJsonObject(source)) return 0
  const [first] = Array.isArray(source.lines) ? source.lines : [source]
  const line = isJsonObject(first) ? first.line : 0
  return typeof line === 'number' ? line : 0
}

function newIn({ state }: SessionHandle, messages: readonly Message[]): Message[] {
  const stored = new Map(state.messages.map((message) => [message.id, JSON.stringify(message.from)]))
  return messages.filter((message) => stored.get(message.id) !== JSON.stringify(message.from))
}

const isStored = ({ state }: SessionHandle, run: ImportedRun): boolean =>
  state.runs.some(({ id, from }) => id === run.id && JSON.stringify(from) === JSON.stringify(run.from))

function withNewEvents({ state }: SessionHandle, run: ImportedRun): ImportedRun {
  const last = state.runs.find(({ id }) => id === run.id)?.events.at(-1)?.sequence ?? -1
  return { ...run, events: run.events.filter(({ sequence }) => sequence > last) }
}
