/** Writes a session as a file of another tool, so that the tool can continue it. */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InvalidStateError, NotFoundError, UnsupportedError } from '../../errors.ts'
import { makeFolders } from '../../folders.ts'
import { writeNamedFile } from '../../named-file.ts'
import type { Session } from '../../state/index.ts'
import type { SessionStore } from '../../store/session-store.ts'
import { openSource } from '../byte-source.ts'
import { exportSession } from '../core/export.ts'
import { sessionsOf } from '../core/sessions-of.ts'
import type { Importer } from '../importer.ts'
import { differenceOf } from './comparison.ts'
import { type Conversation, conversationOf } from './conversation.ts'
import { withOrigin } from './origin.ts'
import type { Composed, ComposeOptions } from './target.ts'

export interface ContinueOptions extends Omit<ComposeOptions, 'id' | 'now'> {
  /** The revision to continue from. Default: the active branch. */
  at?: string | undefined
  /** Current time in milliseconds. Default: `Date.now()`. */
  now?: number
}

export interface Continued extends Composed {
  /** Id of the tool's new session. */
  id: string
  /** Descriptions of what could not be transferred unchanged. */
  notes: readonly string[]
}

/**
 * Writes a session as a new session of the tool, into a new file, and reads it back. If the content differs, removes
 * the file. A session that came from the same tool keeps its entries; otherwise the conversation is transferred, with
 * every call and its result.
 *
 * @throws NotFoundError if the session or revision does not exist; UnsupportedError if the tool cannot continue
 *   sessions; InvalidStateError if the session has no messages, or the tool would read different content; StorageError
 *   if the file cannot be written
 */
export async function continueWith(
  tool: Importer,
  store: SessionStore,
  session: string,
  options: ContinueOptions,
): Promise<Continued> {
  const { at, now = Date.now() } = options
  const state = await store.load(session, at === undefined ? {} : { at })
  if (state === undefined) throw new NotFoundError({ kind: 'session', id: session })
  const checkpoint = await store.resolve(session, at ?? 'HEAD').catch(() => undefined)
  const id = randomUUID()
  const { composed, conversation } = await composeSession(tool, state, { ...options, id, now })
  if (composed.command.length === 0) {
    throw new UnsupportedError(
      'continue',
      `${tool.title} is a format: there is nothing that resumes it. Export it.`,
    )
  }
  const own = checkpoint && (await ownEntries(tool, store, state, checkpoint, id, composed))
  const text = own || composed.text
  const marked = checkpoint === undefined ? text : withOrigin(text, { session, checkpoint })
  makeFolders(dirname(composed.path))
  await writeNamedFile(composed.path, marked)
  try {
    await checkWritten(tool, composed.path, conversation)
  } catch (error) {
    await rm(composed.path, { force: true })
    throw error
  }
  return { ...composed, text: marked, id, notes: conversation.notes }
}

/**
 * Converts the state to a session of the tool. Throws UnsupportedError if the tool does not accept sessions of other
 * tools.
 */
export async function composeSession(
  tool: Importer,
  state: Session,
  options: ComposeOptions,
): Promise<{ composed: Composed; conversation: Conversation }> {
  if (tool.compose === undefined) {
    throw new UnsupportedError('compose', `${tool.title} takes no sessions of other tools.`)
  }
  const conversation = conversationOf(state)
  if (conversation.utterances.length === 0) {
    const message = `Nothing was said in session '${state.id}' up to there.`
    throw new InvalidStateError([{ path: ['messages'], message }], message)
  }
  return { composed: await tool.compose(conversation, options), conversation }
}

/** Returns the tool's own entries with the new id; `undefined` unless all messages came from the tool's lines. */
async function ownEntries(
  tool: Importer,
  store: SessionStore,
  { id: session, metadata, messages }: Session,
  at: string,
  id: string,
  { text }: Composed,
): Promise<string | undefined> {
  const { from, frame, cursor } = (metadata.import ?? {}) as {
    from?: string
    frame?: unknown
    cursor?: unknown
  }
  if (from !== tool.name || frame !== undefined || cursor === undefined) return undefined
  if (messages.some(({ source }) => source === undefined)) return undefined
  const { main } = await exportSession(tool, store, session, { at })
  const old = await idIn(tool, main.lines)
  if (old === undefined || old.length < 8) return undefined
  const entries = main.lines.map((line) => line.replaceAll(old, id))
  const fitted = tool.fitted?.(entries, text.slice(0, text.indexOf('\n'))) ?? entries
  return fitted.map((line) => `${line}\n`).join('')
}

async function idIn(tool: Importer, lines: readonly string[]): Promise<string | undefined> {
  const source = await openSource({ name: 'session', lines })
  const { sessionId } = await tool.read(source, { now: 0, open: openSource })
  return sessionId
}

/** Throws InvalidStateError if the tool would read a conversation that differs from `meant`. */
async function checkWritten(tool: Importer, path: string, meant: Conversation): Promise<void> {
  for await (const source of sessionsOf(tool, await openSource(path))) {
    const transcript = await tool.read(source, { now: 0, open: openSource })
    const built = []
    for (const index of transcript.turns.keys()) built.push(await transcript.build(index))
    const messages = built.flatMap((turn) => turn.messages)
    const difference = differenceOf(meant, conversationOf({ messages } as unknown as Session))
    if (difference === undefined) return
    const message = `${tool.title} would not read what was said: ${difference}. Nothing was written.`
    throw new InvalidStateError([{ path: ['messages'], message }], message)
  }
}
