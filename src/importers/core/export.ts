/** Exports an imported session as the files that it was imported from. */
import { dirname, join } from 'node:path'
import { InvalidStateError, NotFoundError, UnsupportedError } from '../../errors.ts'
import { makeFolders } from '../../folders.ts'
import { writeNamedFile } from '../../named-file.ts'
import type { Session } from '../../state/index.ts'
import type { SessionStore } from '../../store/session-store.ts'
import type { ExportedFile, Importer, WrittenFiles } from '../importer.ts'
import { noteOf } from './stored.ts'

export interface ExportResult {
  session: string
  /** The file of the active branch, or of the revision if `at` names one. */
  main: ExportedFile
  /** Other imported files of the session, which differ from `main`, see `ImportResult.branches`. */
  others: ExportedFile[]
  /** Files of sub-agents. */
  agents: ExportedFile[]
  /** Number of messages that did not come from the tool, and so are in no file. */
  skipped: number
}

export interface ExportOptions {
  /** The revision to export. Default: all branches of the session. */
  at?: string
}

/**
 * Exports the files that a session was imported from, with every entry: of all branches or of one revision.
 *
 * @throws NotFoundError if the session or revision does not exist; InvalidStateError if it was not imported from the
 *   tool, or if the stored data of an entry was changed later; UnsupportedError if sessions of the tool can only be
 *   imported
 */
export async function exportSession(
  tool: Importer,
  store: SessionStore,
  session: string,
  { at }: ExportOptions = {},
): Promise<ExportResult> {
  if (tool.write === undefined) {
    throw new UnsupportedError('export', `Sessions of ${tool.title} can be imported, not exported.`)
  }
  const files = await exportEditions(tool, store, session, at)
  const [first, ...rest] = files.values()
  if (first === undefined) {
    const message = `Session '${session}' was not imported from ${tool.title}.`
    throw new InvalidStateError([{ path: ['metadata', 'import'], message }], message)
  }
  const editions = [first, ...rest]
  const taken = new Map<string, ExportedFile>()
  const [main, ...others] = apart(
    editions.map((edition) => edition.main),
    taken,
  ) as [ExportedFile, ...ExportedFile[]]
  const agents = apart(
    editions.flatMap((edition) => edition.agents),
    taken,
  )
  const skipped = new Set(editions.flatMap(({ own }) => [...own])).size
  return { session, main, others, agents, skipped }
}

/**
 * Exports the files that the session was imported from, by edition (`ImportNote.edition`), that of the active branch
 * first.
 *
 * @param at the revision to export. Default: all branches
 */
export async function exportEditions(
  tool: Importer,
  store: SessionStore,
  session: string,
  at?: string,
): Promise<Map<string | undefined, WrittenFiles>> {
  const heads = new Map<string | undefined, (string | undefined)[]>()
  for (const head of await headsOf(store, session, at)) {
    const part = await store.load(session, { last: 1, events: false, ...atHead(head) })
    if (part === undefined) throw new NotFoundError({ kind: 'session', id: session })
    const note = noteOf(tool, part)
    if (note !== undefined) heads.set(note.edition, [...(heads.get(note.edition) ?? []), head])
  }
  const files = new Map<string | undefined, WrittenFiles>()
  for (const [edition, of] of heads) {
    if (tool.write !== undefined) files.set(edition, await tool.write(statesOf(store, session, of)))
  }
  return files
}

/**
 * Writes the files of an exported session into a folder, which is created if needed. Returns their paths.
 *
 * @throws StorageError if a file cannot be written, or already exists and `overwrite` is not set
 */
export async function writeFiles(
  { main, others, agents }: ExportResult,
  folder: string,
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<string[]> {
  const paths: string[] = []
  for (const { name, bytes } of [main, ...others, ...agents]) {
    checkInside(name)
    const path = join(folder, name)
    makeFolders(dirname(path))
    await writeNamedFile(path, bytes(), { overwrite })
    paths.push(path)
  }
  return paths
}

/** Returns the heads of the branches, the active one first. An `undefined` head is that of a store without branches. */
async function headsOf(
  store: SessionStore,
  session: string,
  at: string | undefined,
): Promise<(string | undefined)[]> {
  if (at !== undefined || !store.supports.branches) return [at]
  const branches = await store.branches(session)
  return branches.sort((a, b) => Number(b.active) - Number(a.active)).map(({ head }) => head)
}

async function* statesOf(
  store: SessionStore,
  session: string,
  heads: readonly (string | undefined)[],
): AsyncGenerator<Session> {
  for (const head of heads) {
    const state = await store.load(session, atHead(head))
    if (state !== undefined) yield state
  }
}

const atHead = (head: string | undefined) => (head === undefined ? {} : { at: head })

/** Returns each different file once. If different files have the same name, later ones are renamed: `x.2.jsonl`. */
function apart(files: readonly ExportedFile[], taken: Map<string, ExportedFile>): ExportedFile[] {
  const found: ExportedFile[] = []
  for (const file of files) {
    let name = file.name
    for (let number = 2; taken.has(name); number++) {
      if (isSameFile(taken.get(name) as ExportedFile, file)) break
      name = file.name.replace(/(\.[^./]*)?$/, `.${number}$1`)
    }
    if (taken.has(name)) continue
    const one = { ...file, name }
    taken.set(name, one)
    found.push(one)
  }
  return found
}

const isSameFile = (a: ExportedFile, b: ExportedFile): boolean =>
  a.lines.length === b.lines.length && a.bytes().equals(b.bytes())

function checkInside(name: string): void {
  if (name === '' || name.includes('\\') || name.split('/').some((part) => part === '..' || part === '')) {
    throw new InvalidStateError([
      { path: ['metadata', 'import', 'file'], message: `'${name}' is not a file inside a folder` },
    ])
  }
}
