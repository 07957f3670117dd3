/** A file imported twice: by the built package, which reads a large file in a thread, and by the sources, which do not. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { expect } from 'vitest'
import type { Answer } from '../../../src/importers/aside/exchange.ts'
import { type Importer, type ImportResult, importSession } from '../../../src/importers/index.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { gitText, tempFolder } from '../../git/real-git.ts'
import { BuiltStore, built } from '../built.ts'

/** A blank line that makes a file large enough for a thread. It is no entry. */
export const LARGE = ' '.repeat(3 << 20)

/** How a file was read: in which way, or that its turns were given but it goes back. */
export type Way = 'alone' | 'whole' | 'straight' | 'goes-back'

export interface Side {
  result: ImportResult | undefined
  error: Error | undefined
  refs: string
  folder: string
}

/** The tool in the built package. */
export const builtTool = ({ name }: Importer) => built.IMPORTERS.find((one) => one.name === name)!

/** Names and targets of all refs. */
export const refsOf = (folder: string): string =>
  existsSync(folder) ? gitText(folder, ['for-each-ref', '--format=%(refname) %(objectname)']) : ''

/** Calls `seen` with each answer of each thread that is started meanwhile. */
export async function watchThreads<T>(
  seen: (answer: Answer, thread: Worker) => void,
  work: () => Promise<T>,
): Promise<T> {
  const listen = (thread: Worker) => void thread.on('message', (answer: Answer) => seen(answer, thread))
  process.on('worker', listen)
  try {
    return await work()
  } finally {
    process.off('worker', listen)
  }
}

/** Imports with a thread. Returns also in which way the file was read. */
export async function importAside(
  tool: Importer,
  file: string,
  folder = join(tempFolder(), 'store'),
  options: object = {},
): Promise<Side & { way: Way }> {
  let way: Way = 'alone'
  const seen = ({ kind }: Answer) => {
    if (kind === 'read') way = 'whole'
    else if (kind === 'turn') way = 'straight'
    else if (kind === 'goes-back') way = 'goes-back'
  }
  const store = new BuiltStore(folder)
  const run = () => built.importSession(builtTool(tool), file, store, { ...PLAIN, ...options })
  return { ...(await sideOf(() => watchThreads(seen, run), store, folder)), way }
}

/** Imports without a thread. */
export function importHere(
  tool: Importer,
  file: string,
  folder = join(tempFolder(), 'store'),
): Promise<Side> {
  const store = new GitSessionStore(folder)
  return sideOf(() => importSession(tool, file, store, PLAIN), store, folder)
}

const PLAIN = { redact: false, now: () => 0 } as const

async function sideOf(
  run: () => Promise<ImportResult>,
  store: { close(): Promise<void> },
  folder: string,
): Promise<Side> {
  const outcome = await run().then(
    (result) => ({ result, error: undefined }),
    (error: Error) => ({ result: undefined, error }),
  )
  await store.close()
  return { ...outcome, refs: refsOf(folder), folder }
}

/** Expects the same checkpoints and result, or the same error. Returns in which way the file was read. */
export async function expectSame(tool: Importer, bytes: string | Uint8Array, what: string): Promise<Way> {
  const file = join(tempFolder(), 'session.jsonl')
  writeFileSync(file, bytes)
  const there = await importAside(tool, file)
  const here = await importHere(tool, file)
  expect(said(there.error), what).toEqual(said(here.error))
  expect(there.result, what).toEqual(here.result)
  if (here.error === undefined) expect(there.refs, what).toBe(here.refs)
  return there.way
}

const said = (error: Error | undefined) => error && { ...error, name: error.name, message: error.message }

/** Expects that every entry of the file comes out of the store again. */
export async function expectExported(tool: Importer, { folder, result }: Side, file: string): Promise<void> {
  const store = new BuiltStore(folder)
  const { main } = await built.exportSession(builtTool(tool), store, result!.session)
  await store.close()
  const lines = readFileSync(file, 'latin1').split('\n')
  const kept = lines.filter((line) => line.trim() !== '')
  expect(main.bytes().toString('latin1').trimEnd().split('\n')).toEqual(kept)
}
