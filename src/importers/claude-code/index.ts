/** Claude Code: one `.jsonl` file per session, below `~/.claude/projects`. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { ByteSource } from '../byte-source.ts'
import { filesBelow } from '../core/files-below.ts'
import { detectByLine } from '../core/lines/by-line.ts'
import type { Importer, Located, ReadOptions, Transcript } from '../importer.ts'
import {
  agentFilesAmong,
  findAgentFiles,
  type IdOf,
  isAgentFile,
  readAgentFile,
  sessionIdOf,
} from './agent-files.ts'
import { composeTranscript } from './compose.ts'
import { isSessionEntry } from './entry.ts'
import { scanTranscript } from './scan.ts'
import { isStraight } from './straight.ts'
import { buildTurn } from './turn.ts'
import { writeTranscript } from './write.ts'

export const claudeCode: Importer = {
  name: 'claude-code',
  title: 'Claude Code',
  description: 'Claude Code sessions',
  input: 'a .jsonl file, or a folder of them such as ~/.claude/projects',
  folder: '~/.claude/projects',
  format: 1,
  extension: '.jsonl',
  readsLines: true,
  isStraight,
  detect: (source) => detectByLine(source, isSessionEntry),
  locate,
  read,
  agentsOf: async (path, { sessionId }) => (isAgentFile(path) ? [] : findAgentFiles(path, sessionId)),
  readAgent: readAgentFile,
  write: writeTranscript,
  compose: composeTranscript,
}

async function read(source: ByteSource, { now, memory, taker }: ReadOptions): Promise<Transcript> {
  const agentFile = isAgentFile(source.name)
  const scanned = await scanTranscript(source, {
    agentFile,
    now,
    ...(memory === undefined ? {} : { memory }),
    ...(taker === undefined ? {} : { taker }),
    build: (begun, index) => buildTurn(begun, index, source, agentFile),
  })
  return {
    ...scanned,
    // A sub-agent's entries contain the id of the session that it worked for.
    sessionId: agentFile ? undefined : scanned.sessionId,
    build: (index) => buildTurn(scanned, index, source, agentFile),
  }
}

async function* locate(folder: string): AsyncGenerator<Located> {
  const found = await filesBelow(folder, '.jsonl')
  const ids = new Map<string, Promise<string | undefined>>()
  const idOf: IdOf = (path) => {
    // A file that cannot be read is reported later, when it is imported.
    const id = ids.get(path) ?? sessionIdOf(path).catch(() => undefined)
    ids.set(path, id)
    return id
  }
  yield* found.filter(({ error }) => error !== undefined)
  const files = found.flatMap(({ path, error }) => (error === undefined ? [path] : []))
  const agentFiles = files.filter(isAgentFile)
  const claimed = new Set<string>()
  for (const path of await inOrder(
    files.filter((file) => !isAgentFile(file)),
    idOf,
  )) {
    const agents = await agentFilesAmong(agentFiles, path, await idOf(path), idOf)
    for (const agent of agents) claimed.add(agent)
    yield { path, agents }
  }
  for (const path of agentFiles) if (!claimed.has(path)) yield { path }
}

/**
 * Orders files so that those of one session follow each other: first the file with the session's name, then the
 * shortest, so that each copy of a growing file continues the previous one.
 */
async function inOrder(paths: readonly string[], idOf: IdOf): Promise<string[]> {
  const groups = new Map<string, { path: string; named: boolean; size: number }[]>()
  for (const path of paths) {
    const stem = basename(path, '.jsonl')
    const id = (await idOf(path)) ?? stem
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    )
    groups.set(id, [...(groups.get(id) ?? []), { path, named: stem === id, size }])
  }
  return [...groups.values()].flatMap((group) =>
    group.sort((a, b) => Number(b.named) - Number(a.named) || a.size - b.size).map(({ path }) => path),
  )
}
