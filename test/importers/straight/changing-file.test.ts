/** A file that is changed while a thread reads it, at any moment: nothing is lost, told twice, or cut in two. */
import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StorageError } from '../../../src/errors.ts'
import { claudeCode } from '../../../src/importers/index.ts'
import { tempFolder } from '../../git/real-git.ts'
import { expectWhole } from '../../store/support/git-store.ts'
import { BuiltStore, built, writeToolFile } from '../built.ts'
import { builtTool, importAside, type Side, watchThreads } from './sides.ts'

const tool = claudeCode
const path = join(tempFolder(), 'whole.jsonl')
writeToolFile(tool.name, path, { bytes: 5 << 20 })
const TEXT = readFileSync(path, 'utf8')
const LINES = TEXT.trimEnd().split('\n')
const joined = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')
/** The first lines of the file are the same, and others follow. */
const OTHER = joined([
  ...LINES.slice(0, 200),
  ...LINES.slice(200).map((line) => line.replaceAll(' the ', ' a ')),
])
const MORE = joined(LINES.slice(-40).map((line) => line.replaceAll('00000000-0000', '00000001-0000')))

/** What happens to the file. */
const CHANGES: Record<string, (file: string) => void> = {
  grows: (file) => appendFileSync(file, MORE),
  'is shortened': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  'is emptied': (file) => truncateSync(file, 0),
  'is rotated': (file) => {
    renameSync(file, `${file}.1`)
    writeFileSync(file, joined(LINES.slice(0, 100)))
  },
  'is replaced by another': (file) => {
    writeFileSync(`${file}.new`, OTHER)
    renameSync(`${file}.new`, file)
  },
  'is written anew': (file) => writeFileSync(file, OTHER),
  'is deleted': (file) => rmSync(file),
}

/** Whether a moment has come, by the kind of the answer and the number of turns that the thread has given. */
type Moment = 'start' | ((kind: string, turns: number) => boolean)
const MOMENTS: Record<string, Moment> = {
  'before the thread reads it': 'start',
  'when its first turn has ended': (kind) => kind === 'begun',
  'while turns are given': (_, turns) => turns === 30,
}

async function importWhile(file: string, folder: string, change: () => void, moment: Moment): Promise<Side> {
  let [turns, isDone] = [0, false]
  const once = () => {
    if (!isDone) change()
    isDone = true
  }
  if (moment === 'start') process.once('worker', once)
  const side = await watchThreads(
    ({ kind }) => {
      if (kind === 'turn') turns++
      if (moment !== 'start' && moment(kind, turns)) once()
    },
    () => importAside(tool, file, folder),
  )
  expect(isDone).toBe(true)
  return side
}

/** All files that the store gives back. */
async function exported(folder: string): Promise<string[]> {
  const store = new BuiltStore(folder)
  const files: string[] = []
  for await (const { id } of store.list()) {
    const { main, others } = await built.exportSession(builtTool(tool), store, id)
    files.push(...[main, ...others].map((one) => one.bytes().toString()))
  }
  await store.close()
  return files
}

test.each(
  Object.entries(CHANGES).flatMap(([what, change]) =>
    Object.entries(MOMENTS).map(([when, moment]) => ({ what, when, change, moment })),
  ),
)('a file that $what $when', async ({ what, change, moment }) => {
  const file = join(tempFolder(), 'session.jsonl')
  const folder = join(tempFolder(), 'store')
  writeFileSync(file, TEXT)
  const first = await importWhile(file, folder, () => change(file), moment)
  if (first.error !== undefined) expect(first.error.name).toBe(StorageError.name)
  const seen = await exported(folder)
  // Whatever was stored is the beginning of the file, up to the end of a line.
  if (what !== 'is written anew') for (const text of seen) expect(TEXT.startsWith(text)).toBe(true)
  if (first.error === undefined && what !== 'is written anew') expect(seen).toEqual([TEXT])
  if (what === 'is deleted') return
  const second = await importAside(tool, file, folder)
  expect(second.error).toBeUndefined()
  const now = readFileSync(file, 'utf8')
  const all = await exported(folder)
  expect(all.some((text) => text.startsWith(now))).toBe(true)
  for (const text of seen) expect(all.some((one) => one.startsWith(text))).toBe(true)
  expect((await importAside(tool, file, folder)).result!.checkpoints).toBe(0)
  expectWhole(folder)
})
