/** Compares a file with the stored session. */
import { ConflictError } from '../../errors.ts'
import { type ByteSource, readRanges } from '../byte-source.ts'
import type { AgentTranscript, Cursor, Row, Transcript, WrittenFiles } from '../importer.ts'
import { parseLine, rawBytes, unsaid } from '../jsonl.ts'
import { identical } from '../remainder.ts'
import { hashesAt } from '../start-hash.ts'
import type { StoredBranch } from './stored.ts'

export type Standing =
  /** The file begins with the stored lines. */
  | { kind: 'continues' }
  /** The stored lines begin with the file. */
  | { kind: 'older' }
  /** They differ. `line` is the last line that they share; 0 if there is none. */
  | { kind: 'differs'; line: number }

/** @property branches the branches of the file that this one continues, or shares the most lines with */
export type StandingTo = Standing & { branches: readonly StoredBranch[] }

/** Returns the files that the session was imported from, by edition; none for a tool that cannot write them. */
export type StoredFiles = () => Promise<ReadonlyMap<string | undefined, WrittenFiles>>

/** Groups the branches by the file that they come from, see `ImportNote.edition`. */
function byEdition(stored: readonly StoredBranch[]): Map<string | undefined, StoredBranch[]> {
  const editions = new Map<string | undefined, StoredBranch[]>()
  for (const branch of stored) {
    const { edition } = branch.note
    editions.set(edition, [...(editions.get(edition) ?? []), branch])
  }
  return editions
}

/**
 * Compares a file with the stored session. If the session was imported from several different files, returns the best
 * result.
 */
export async function compare(
  stored: readonly StoredBranch[],
  filesOf: StoredFiles,
  source: ByteSource,
  transcript: Transcript,
): Promise<StandingTo> {
  const editions = byEdition(stored)
  for (const branches of editions.values()) {
    const { cursor } = furthest(branches).note
    if (await continues(cursor, source, transcript)) return { kind: 'continues', branches }
  }
  let best: StandingTo = { kind: 'differs', line: 0, branches: stored }
  for (const [edition, { main }] of await filesOf()) {
    const branches = editions.get(edition) ?? []
    const standing = await compareLines(main.lines, source, transcript)
    if (standing.kind !== 'differs') return { ...standing, branches }
    if (standing.line > (best.kind === 'differs' ? best.line : 0)) best = { ...standing, branches }
  }
  return best
}

/**
 * Returns the sub-agents whose files are new or continue the stored ones. Throws ConflictError for a file that differs.
 */
export async function continuedAgents(
  session: string,
  stored: readonly StoredBranch[],
  filesOf: StoredFiles,
  agents: readonly AgentTranscript[],
): Promise<AgentTranscript[]> {
  const going: AgentTranscript[] = []
  for (const agent of agents) {
    if (!(await isOlder(session, stored, filesOf, agent))) going.push(agent)
  }
  return going
}

async function isOlder(
  session: string,
  stored: readonly StoredBranch[],
  filesOf: StoredFiles,
  { run, file, source, transcript }: AgentTranscript,
): Promise<boolean> {
  for (const { agents, name, head, note } of stored) {
    const cursor = agents.get(run)?.cursor
    if (cursor === undefined || (await continues(cursor, source, transcript))) continue
    const written = (await filesOf()).get(note.edition)?.agents.find((one) => one.name === file)
    const standing = written && (await compareLines(written.lines, source, transcript))
    if (standing?.kind === 'older') return true
    throw new ConflictError(
      { session, branch: name, actual: head },
      `'${file}' does not continue the sub-agent of that name in session '${session}'. Import the session under another id.`,
    )
  }
  return false
}

async function continues(cursor: Cursor, source: ByteSource, { turns }: Transcript): Promise<boolean> {
  if (source.size < cursor.bytes) return false
  const known = turns.find(({ cursor: { bytes } }) => bytes === cursor.bytes)
  const sha256 = known?.cursor.sha256 ?? (await hashesAt(source, [cursor.bytes])).get(cursor.bytes)
  return sha256 === cursor.sha256
}

/** @param lines lines of the stored file */
async function compareLines(
  lines: readonly string[],
  source: ByteSource,
  { turns, end: { unfinished } }: Transcript,
): Promise<Standing> {
  const rows = turns.flatMap((turn): Row[] => [...turn.rows]).sort((a, b) => a.line - b.line)
  let [at, line] = [0, 0]
  for await (const [row, bytes] of readRanges(source, rows)) {
    if (at === lines.length || !isSame(bytes, lines[at] as string)) break
    at++
    line = row.line
  }
  if (at === lines.length) return { kind: 'continues' }
  if (at < rows.length) return { kind: 'differs', line }
  const begun = unfinished === undefined || startsWith(lines[at] as string, rawBytes(unfinished))
  return begun ? { kind: 'older' } : { kind: 'differs', line }
}

const startsWith = (line: string, beginning: Buffer): boolean =>
  Buffer.from(line).subarray(0, beginning.length).equals(beginning)

/** Whether the bytes are the same JSON as the line, apart from white space and escapes. */
function isSame(bytes: Buffer, line: string): boolean {
  const other = Buffer.from(line)
  if (bytes.equals(other)) return true
  const [a, b] = [parseLine(bytes), parseLine(other)]
  return a.kind === 'value' && b.kind === 'value' && unsaid(a) === unsaid(b) && identical(a.value, b.value)
}

const furthest = (branches: readonly StoredBranch[]): StoredBranch =>
  branches.reduce((a, b) => (b.note.cursor.bytes > a.note.cursor.bytes ? b : a))
