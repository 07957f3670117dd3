/**
 * Sub-agents that have a transcript of their own: `agent-<id>.jsonl` beside the session's file, or somewhere below
 * `<session>/subagents/`. Each becomes one run of the session, with every entry as an event.
 */
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { StorageError } from '../../errors.ts'
import { type ByteSource, type NamedLines, openSource, readRanges } from '../byte-source.ts'
import { parseLine, type RawText, readLines } from '../jsonl.ts'
import { isObject } from '../remainder.ts'
import { isPrompt, kindOf, stringAt, textOf } from './entry.ts'
import { type ImportedRun, RunBuilder } from './run-builder.ts'
import { type Cursor, scanTranscript, type Transcript } from './scan.ts'
import { promptOfRun } from './turn.ts'

/** How far a sub-agent's transcript was imported; under `source` of its run. */
export interface AgentSource {
  cursor: Cursor
  unfinished?: { line: number } & RawText
  bom?: boolean
  crlf?: boolean
  finalNewline?: boolean
}

/** A sub-agent's transcript, scanned and ready to be built. */
export interface AgentFile {
  /** Seen from the folder of the session's file, with `/`. */
  file: string
  /** Id of its run. */
  run: string
  source: ByteSource
  transcript: Transcript
}

/** Whether a file of this name is a sub-agent's. */
export const isAgentFile = (name: string): boolean => /^agent-.+\.jsonl$/.test(basename(name))

/**
 * Paths of the sub-agents' transcripts of the session at `path`.
 *
 * @param sessionId as the entries of the session give it: what lies beside it belongs to it if it says the same
 * @param idOf `sessionIdOf`, or what remembers its answers
 */
export async function findAgentFiles(
  path: string,
  sessionId: string | undefined,
  idOf: (path: string) => Promise<string | undefined> = sessionIdOf,
): Promise<string[]> {
  const folder = dirname(path)
  const stem = basename(path, '.jsonl')
  const own = (await jsonlBelow(join(folder, stem, 'subagents'))).filter(isAgentFile)
  const beside: string[] = []
  for (const { name } of sessionId === undefined ? [] : await entriesOf(folder)) {
    const other = join(folder, name)
    if (!isAgentFile(name) || other === path) continue
    if ((await idOf(other)) === sessionId) beside.push(other)
  }
  return [...beside, ...own]
}

/** All `.jsonl` files in a folder and below, sorted. None when there is no such folder. */
export async function jsonlBelow(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await jsonlBelow(path)))
    else if (entry.isFile() && entry.name.endsWith('.jsonl')) found.push(path)
  }
  return found
}

/** @param base folder of the session's file */
export async function scanAgentFile(
  agent: string | NamedLines,
  base: string,
  now: number,
): Promise<AgentFile> {
  const source = await openSource(agent)
  const file = typeof agent === 'string' ? relative(base, agent).split(sep).join('/') : agent.name
  const transcript = await scanTranscript(source, { agentFile: true, now })
  return { file, run: basename(file, '.jsonl'), source, transcript }
}

/**
 * The run of a sub-agent's transcript.
 *
 * @param session tells what the agent was asked to do, and by which call
 */
export async function buildAgentRun(agent: AgentFile, session: Transcript): Promise<ImportedRun> {
  const { transcript, source } = agent
  const builder = new RunBuilder(agent.run)
  let prompt = ''
  const rows = transcript.turns.flatMap((turn) => turn.rows)
  for await (const [row, bytes] of readRanges(source, rows)) {
    const parsed = parseLine(bytes)
    if (parsed.kind === 'broken') builder.raw(row, parsed.raw)
    if (parsed.kind !== 'value') continue
    const { value, text } = parsed
    if (isObject(value)) {
      builder.event(row, value, text)
      builder.outcome.see(value, kindOf(value, true), row.at)
      builder.count(value)
      if (prompt === '' && isPrompt(value)) prompt = textOf(value)
    } else builder.odd(row, value)
  }
  const id = agent.run.replace(/^agent-/, '')
  const run = builder.finish({
    prompt: promptOfRun(prompt),
    agent: session.chains.info(id, prompt),
    file: agent.file,
  })
  return {
    ...run,
    startedAt: run.startedAt || transcript.firstAt,
    endedAt: run.endedAt || transcript.firstAt,
    source: { ...run.source, ...agentSource(transcript) },
  }
}

/** How the end of a transcript looked. */
export function agentSource(transcript: Transcript): AgentSource {
  const { turns, tail, bom, crlf, finalNewline } = transcript
  const cursor = turns.findLast(({ rows }) => rows.length > 0)?.cursor ?? (turns[0]?.cursor as Cursor)
  return {
    cursor,
    ...(tail === undefined ? {} : { unfinished: tail }),
    ...(bom ? { bom } : {}),
    ...(crlf ? { crlf } : {}),
    ...(finalNewline || tail !== undefined ? {} : { finalNewline }),
  }
}

/** The session that a transcript names first. */
export async function sessionIdOf(path: string): Promise<string | undefined> {
  const source = await openSource(path)
  for await (const { bytes } of readLines(source.chunks())) {
    const parsed = parseLine(bytes)
    const id = parsed.kind === 'value' ? stringAt(parsed.value, 'sessionId') : undefined
    if (id !== undefined) return id
  }
  return undefined
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    const data = code === undefined ? { file: folder } : { file: folder, errno: code }
    throw new StorageError(`'${folder}' cannot be listed: ${message}`, data, { cause })
  }
}
