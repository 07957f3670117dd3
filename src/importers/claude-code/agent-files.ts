/**
 * Sub-agents that have their own transcript: `agent-<id>.jsonl` next to the session's file, or in
 * `<session>/subagents/` or its subfolders. Each becomes one run of the session, with every entry as an event.
 */
import { basename, dirname, join, relative, sep } from 'node:path'
import { isJsonObject } from '../../json-value.ts'
import { type ByteSource, type NamedLines, openSource } from '../byte-source.ts'
import { filesBelow } from '../core/files-below.ts'
import {
  type AgentTranscript,
  type ImportedRun,
  type ReadOptions,
  sourceOf,
  type Transcript,
} from '../importer.ts'
import { parseLine, readLines, unsaid } from '../jsonl.ts'
import { agentInfo } from './chains.ts'
import { isPrompt, kindOf, stringAt, textOf } from './entry.ts'
import { RunBuilder } from './run-builder.ts'
import { type Scanned, scanTranscript } from './scan.ts'
import { buildTurn, promptOfRun } from './turn.ts'

/** Whether a file with this name is a sub-agent's transcript. */
export const isAgentFile = (name: string): boolean => /^agent-.+\.jsonl$/.test(basename(name))

/** Returns the id of the session that the entries of a file belong to. */
export type IdOf = (path: string) => Promise<string | undefined>

/**
 * Finds the paths of the sub-agents' transcripts of the session at `path`. Throws StorageError if the session's own
 * folder, or a link in it, cannot be read.
 */
export async function findAgentFiles(path: string, sessionId: string | undefined): Promise<string[]> {
  const beside = await filesBelow(dirname(path), '.jsonl', false)
  const below = await filesBelow(join(folderOf(path), 'subagents'), '.jsonl')
  const paths = [...beside, ...below].map((found) => {
    if (found.error !== undefined && found.path.startsWith(folderOf(path))) throw found.error
    return found.path
  })
  return agentFilesAmong(paths.filter(isAgentFile), path, sessionId, sessionIdOf)
}

/**
 * @param sessionId id in the session's entries: a sub-agent's file next to the session's belongs to it if it has the
 *   same id
 */
export async function agentFilesAmong(
  paths: readonly string[],
  path: string,
  sessionId: string | undefined,
  idOf: IdOf,
): Promise<string[]> {
  const below = `${join(folderOf(path), 'subagents')}${sep}`
  const found: string[] = []
  for (const other of paths) {
    const beside = dirname(other) === dirname(path) && other !== path && sessionId !== undefined
    if (other.startsWith(below) || (beside && (await idOf(other)) === sessionId)) found.push(other)
  }
  return found
}

/** Returns the folder where Claude Code puts additional files of a session. */
const folderOf = (path: string): string => join(dirname(path), basename(path, '.jsonl'))

/** @param base folder of the session's file */
export async function readAgentFile(
  agent: string | NamedLines,
  base: string,
  { now, open }: ReadOptions,
): Promise<AgentTranscript> {
  const source = await open(agent)
  const file = typeof agent === 'string' ? relative(base, agent).split(sep).join('/') : agent.name
  const scanned = await scanTranscript(source, { agentFile: true, now })
  const transcript = { ...scanned, build: (index: number) => buildTurn(scanned, index, source, true) }
  return {
    file,
    run: basename(file, '.jsonl'),
    source,
    transcript,
    build: (run, session) => buildRun(run, file, source, scanned, session),
  }
}

/**
 * Builds the run of a sub-agent's transcript.
 *
 * @param session contains the task of the sub-agent, and the call that started it
 */
async function buildRun(
  name: string,
  file: string,
  source: ByteSource,
  transcript: Scanned,
  session: Transcript,
): Promise<ImportedRun> {
  const builder = new RunBuilder(name)
  let prompt = ''
  const rows = transcript.turns.flatMap((turn) => turn.rows).sort((a, b) => a.line - b.line)
  for await (const [row, parsed] of transcript.memory.take(source, rows, (_, bytes) => parseLine(bytes))) {
    if (parsed.kind === 'broken') builder.raw(row, parsed.raw)
    if (parsed.kind !== 'value') continue
    const { value } = parsed
    const text = unsaid(parsed)
    if (isJsonObject(value)) {
      if (row.copy) {
        builder.event(row, value, text, 'copy')
        continue
      }
      builder.event(row, value, text)
      builder.outcome.see(value, kindOf(value, true), row.at)
      builder.count(value)
      if (prompt === '' && isPrompt(value)) prompt = textOf(value)
    } else builder.odd(row, value)
  }
  const id = name.replace(/^agent-/, '')
  const run = builder.finish({
    prompt: promptOfRun(prompt),
    agent: agentInfo(id, prompt, session.agentTasks),
    file,
  })
  return {
    ...run,
    startedAt: run.startedAt || transcript.firstAt,
    endedAt: run.endedAt || transcript.firstAt,
    source: { ...run.source, ...sourceOf(transcript) },
  }
}

/** Returns the first session id in the conversation of a transcript. */
export async function sessionIdOf(path: string): Promise<string | undefined> {
  const source = await openSource(path)
  for await (const { bytes } of readLines(source.chunks())) {
    const parsed = bytes === undefined ? undefined : parseLine(bytes)
    if (parsed?.kind !== 'value' || !isJsonObject(parsed.value)) continue
    const id = kindOf(parsed.value, true) === 'event' ? undefined : stringAt(parsed.value, 'sessionId')
    if (id !== undefined) return id
  }
  return undefined
}
