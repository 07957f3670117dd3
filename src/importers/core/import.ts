/** Imports a session file of another tool into a store: one checkpoint per turn, with the original times. */
import { dirname } from 'node:path'
import { InvalidIdError, UnsupportedError } from '../../errors.ts'
import { cleanCheck, redactSecrets } from '../../redaction/secrets.ts'
import { aheadRulesOf } from '../../store/git/ahead.ts'
import { keyOf, withKeyOf } from '../../store/redaction/key.ts'
import type { SessionStore } from '../../store/session-store.ts'
import { type Reading, readAside, type StraightReading } from '../aside/reading.ts'
import { ReadingThreads } from '../aside/threads.ts'
import { type ByteSource, type NamedLines, openSource } from '../byte-source.ts'
import type { AgentTranscript, BegunTranscript, Importer, ReadOptions, Transcript } from '../importer.ts'
import { originOf } from '../out/origin.ts'
import { importReturned } from '../out/returned.ts'
import { isBuiltIn } from '../registry.ts'
import type { ImportOptions, ImportResult } from './import-result.ts'
import { type Redaction, redactedAsRead, redactedSource } from './redacted-source.ts'
import { SessionImport } from './session-import.ts'
import { sessionsOf } from './sessions-of.ts'
import { importStraight } from './straight-import.ts'
import { findTarget, idsOf } from './target.ts'

/**
 * Imports a session file. If the file was imported before, adds only its new content.
 *
 * Every entry is kept; `exportSession` restores them. Each line of turns, as after a rewind, becomes a branch: the line
 * that the session ended on is `main`, the others are `rewind-1` and so on. If a file that has grown contains a new
 * line of turns, `main` does not change; the new line becomes a branch, and the active one. A file that differs from
 * the one imported before becomes a branch `import-1`, forked at the last common turn. If the two share nothing and
 * have different names, the file becomes a session with its own name.
 *
 * @param source path of the file, its lines, or the opened file
 * @throws AlreadyExistsError if the store has a session of this id that was not imported; ConflictError if a
 *   sub-agent's file does not continue the one imported before; StorageError if the file cannot be read;
 *   UnsupportedError if it is not a session of the tool
 */
export async function importSession(
  tool: Importer,
  source: string | NamedLines | ByteSource,
  store: SessionStore,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const raw = await openSource(source)
  const sessions: ByteSource[] = []
  for await (const session of sessionsOf(tool, raw)) sessions.push(session)
  const [only, ...more] = sessions as [ByteSource]
  if (more.length === 0) {
    const threads = new ReadingThreads()
    try {
      return await importSource(tool, only, store, options, threads)
    } finally {
      await threads.close()
    }
  }
  throw new UnsupportedError(
    'sessions',
    `'${raw.path ?? raw.name}' holds ${sessions.length} sessions of ${tool.title}. Import all of them with importFile.`,
  )
}

/** Like `importSession`, for a file that may contain several sessions. */
export async function* importFile(
  tool: Importer,
  source: string | NamedLines | ByteSource,
  store: SessionStore,
  options: Omit<ImportOptions, 'sessionId'> = {},
): AsyncGenerator<ImportResult> {
  const threads = new ReadingThreads()
  try {
    yield* importFileWith(threads, tool, source, store, options)
  } finally {
    await threads.close()
  }
}

/** As `importFile`, with threads that read other files too. */
export async function* importFileWith(
  threads: ReadingThreads,
  tool: Importer,
  source: string | NamedLines | ByteSource,
  store: SessionStore,
  options: Omit<ImportOptions, 'sessionId'>,
): AsyncGenerator<ImportResult> {
  const raw = await openSource(source)
  for await (const session of sessionsOf(tool, raw))
    yield await importSource(tool, session, store, options, threads)
}

/** @param threads threads that may read the file; without them, it is read in this one */
async function importSource(
  tool: Importer,
  raw: ByteSource,
  store: SessionStore,
  options: ImportOptions,
  threads?: ReadingThreads,
): Promise<ImportResult> {
  const now = (options.now ?? Date.now)()
  const { redaction, redacted } = redactionOf(store, options.redact)
  await checkName(raw, redaction)
  const readOptions = { now, open: (file: string | NamedLines) => opened(tool, file, redaction) }
  const aside = threads && (await readAsideIf(tool, raw, store, options, readOptions, threads))
  try {
    if (aside?.kind === 'straight') return await importWhileRead(tool, raw, aside, store, options)
    const source = aside?.source ?? (await withoutSecrets(tool, raw, redaction))
    const transcript = aside?.transcript ?? (await tool.read(source, readOptions))
    const result = await importRead(tool, { raw, source, transcript }, store, options, readOptions)
    for (const [rule, count] of Object.entries(aside?.redacted ?? {}))
      redacted[rule] = (redacted[rule] ?? 0) + count
    return { ...result, redacted }
  } finally {
    await aside?.close()
  }
}

/** Reads a large file of a built-in tool in a thread; returns `undefined` if it has to be read here. */
async function readAsideIf(
  tool: Importer,
  raw: ByteSource,
  store: SessionStore,
  given: ImportOptions,
  options: ReadOptions,
  threads: ReadingThreads,
): Promise<Reading | StraightReading | undefined> {
  const { path, inode, size } = raw
  if (path === undefined || inode === undefined || size < ASIDE_FROM) return undefined
  const { redact } = given
  if (!tool.readsLines || !isBuiltIn(tool) || typeof redact === 'function') return undefined
  const rules = aheadRulesOf(store)
  const straight = rules && tool.isStraight?.(raw)
  // It is awaited later, when the thread has begun to read.
  straight?.catch(() => undefined)
  const task = {
    tool: tool.name,
    path,
    size,
    inode,
    now: options.now,
    redacts: redact !== false,
    straight: straight !== undefined,
  }
  const begin = async ({ sessionId }: BegunTranscript) =>
    (await straight) && (await isNewAlone(tool, raw, path, sessionId, store, given)) ? rules : undefined
  const again = async () => {
    // Its secrets were counted when it was read for the first time.
    const { redaction } = redactionOf(store, redact)
    return tool.read(await withoutSecrets(tool, raw, redaction), options)
  }
  return readAside(raw, task, { key: keyOf(store), again, begin }, threads)
}

/** Whether a file is new in the store, was not exported by forkpoint, and has no files of sub-agents. */
async function isNewAlone(
  tool: Importer,
  raw: ByteSource,
  path: string,
  sessionId: string | undefined,
  store: SessionStore,
  options: ImportOptions,
): Promise<boolean> {
  if (sessionId === undefined || options.agents !== undefined) return false
  if (options.sessionId === undefined && (await originOf(raw)) !== undefined) return false
  if (((await tool.agentsOf?.(path, { sessionId })) ?? []).length > 0) return false
  const [session] = idsOf(tool, raw.name, sessionId, options.sessionId)
  return !(await store.exists(session))
}

/** Imports a straight file while it is read. What the thread does not give is imported without it. */
async function importWhileRead(
  tool: Importer,
  raw: ByteSource,
  reading: StraightReading,
  store: SessionStore,
  options: ImportOptions,
): Promise<ImportResult> {
  const { name: file, size } = raw
  const [session] = idsOf(tool, file, reading.begun.sessionId, options.sessionId)
  const { ended, ...done } = await importStraight(tool, reading, { session, file, size }, store, options)
  if (ended !== undefined) return { session, created: true, agents: 0, ...done, ...ended }
  const rest = await importSource(tool, raw, store, options)
  return {
    ...rest,
    created: rest.created || done.checkpoints > 0,
    checkpoints: rest.checkpoints + done.checkpoints,
    messages: rest.messages + done.messages,
    added: rest.added + done.added,
  }
}

/** Bytes from which on a file is read in a thread, which takes 50 ms to start. */
const ASIDE_FROM = 3 << 20

/** Imports a file that was read. */
async function importRead(
  tool: Importer,
  { raw, source, transcript }: { raw: ByteSource; source: ByteSource; transcript: Transcript },
  store: SessionStore,
  options: ImportOptions,
  readOptions: ReadOptions,
): Promise<Omit<ImportResult, 'redacted'>> {
  const origin = options.sessionId === undefined ? await originOf(source) : undefined
  const returned = origin && (await importReturned(tool, source, transcript, store, origin, options))
  if (returned !== undefined) return returned
  const folder = raw.path === undefined ? '.' : dirname(raw.path)
  const beside = raw.path === undefined ? [] : await tool.agentsOf?.(raw.path, transcript)
  const agents: AgentTranscript[] = []
  for (const agent of options.agents ?? beside ?? []) {
    const read = await tool.readAgent?.(agent, folder, readOptions)
    if (read !== undefined) agents.push(read)
  }
  const target = await findTarget(tool, source, transcript, store, options.sessionId)
  return new SessionImport(tool, source, transcript, nameRuns(agents), store, target, options).run()
}

async function opened(
  tool: Importer,
  file: string | NamedLines,
  redaction: Redaction | undefined,
): Promise<ByteSource> {
  const source = await openSource(file)
  await checkName(source, redaction)
  return withoutSecrets(tool, source, redaction)
}

/** Throws InvalidIdError if the file's name contains a secret. */
async function checkName({ name }: ByteSource, redaction: Redaction | undefined): Promise<void> {
  if (redaction === undefined || (await redaction.redact(name, ['file'])) === name) return
  throw new InvalidIdError('file', '[redacted]', 'it contains a secret')
}

async function withoutSecrets(
  tool: Importer,
  source: ByteSource,
  redaction: Redaction | undefined,
): Promise<ByteSource> {
  if (redaction === undefined) return source
  return tool.readsLines ? redactedAsRead(source, redaction) : redactedSource(source, redaction)
}

/** Returns the function that removes secrets, and the number of removed secrets by rule, which it counts. */
function redactionOf(
  store: SessionStore,
  given: ImportOptions['redact'],
): { redaction: Redaction | undefined; redacted: Record<string, number> } {
  const redacted: Record<string, number> = {}
  if (given !== undefined) return { redaction: given === false ? undefined : { redact: given }, redacted }
  const onFinding = ({ rule }: { rule: string }) => {
    redacted[rule] = (redacted[rule] ?? 0) + 1
  }
  const redact = withKeyOf(store, redactSecrets({ onFinding }))
  return { redaction: { redact, isClean: cleanCheck() }, redacted }
}

/** Makes run ids unique, because two sub-agents may have the same file name in different folders. */
function nameRuns(agents: readonly AgentTranscript[]): AgentTranscript[] {
  const taken = new Set<string>()
  return agents.map((agent) => {
    const run = taken.has(agent.run) ? agent.file : agent.run
    taken.add(run)
    return { ...agent, run }
  })
}
