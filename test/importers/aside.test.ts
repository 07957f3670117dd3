/** Large files are read in a thread of their own. The result is the same, whatever happens to the thread. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { ForkpointError, InvalidStateError, StorageError } from '../../src/errors.ts'
import { type Reading, readAside } from '../../src/importers/aside/reading.ts'
import { ReadingThreads } from '../../src/importers/aside/threads.ts'
import { openSource } from '../../src/importers/byte-source.ts'
import { codex } from '../../src/importers/codex/index.ts'
import type { BuiltTurn, Transcript } from '../../src/importers/importer.ts'
import { claudeCode, type Importer, importFolder, importSession } from '../../src/importers/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { expectWhole } from '../store/support/git-store.ts'
import { BuiltStore, built, writeToolFile } from './built.ts'

const BYTES = 3_300_000
const opened: ReadingThreads[] = []
const threadsOf = (file: string) => {
  const threads = new ReadingThreads(new URL(file, import.meta.url))
  opened.push(threads)
  return threads
}
const threadNamed = (name: string) => threadsOf(`./threads/${name}.mjs`)
const realThreads = () => threadsOf('../../dist/importers/aside/thread.js')
const token = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_')
const TOOLS = [codex, claudeCode].map((tool) => [tool.name, tool] as const)

afterEach(async () => {
  for (const threads of opened.splice(0)) await threads.close()
})

function largeFile(tool: Importer, name = 'session.jsonl'): string {
  const file = join(tempFolder(), name)
  writeToolFile(tool.name, file, { bytes: BYTES })
  return file
}

/** The tool in the built package. */
const known = (tool: Importer) => built.IMPORTERS.find(({ name }) => name === tool.name)!

/** Imports with the built package, which reads large files in a thread. */
async function importAside(tool: Importer, file: string, folder: string, options = {}) {
  const store = new BuiltStore(folder)
  try {
    return await built.importSession(known(tool), file, store, options)
  } finally {
    await store.close()
  }
}

async function importHere(tool: Importer, file: string, folder: string) {
  const store = new GitSessionStore(folder)
  try {
    return await importSession(tool, file, store)
  } finally {
    await store.close()
  }
}

async function taskOf(tool: Importer, file: string) {
  const raw = await openSource(file)
  const { size, inode } = raw
  const task = { tool: tool.name, path: file, size, inode: inode!, now: 0, redacts: true, straight: false }
  return { raw, task }
}

/** All that a store holds. */
const everything = (folder: string) =>
  execFileSync('git', ['--git-dir', folder, 'cat-file', '--batch', '--batch-all-objects'], {
    maxBuffer: 1 << 28,
  }).toString('latin1')

const refsOf = (folder: string) => gitText(folder, ['for-each-ref', '--format=%(refname) %(objectname)'])

test.each(TOOLS)(
  'a large file of %s gives the same checkpoints with a thread and without one',
  async (_, tool) => {
    const file = largeFile(tool)
    const [there, here] = [join(tempFolder(), 'store'), join(tempFolder(), 'store')]
    const result = await importAside(tool, file, there)
    expect(result).toEqual(await importHere(tool, file, here))
    expect(result.checkpoints).toBeGreaterThan(20)
    expect(refsOf(there)).toBe(refsOf(here))
  },
)

test.each(TOOLS)(
  'a thread takes secrets out of a file of %s, with marks of the store’s key, and counts them',
  async (_, tool) => {
    const file = largeFile(tool)
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replaceAll(' parser ', ` ${token} `))
    const [one, two] = [join(tempFolder(), 'store'), join(tempFolder(), 'store')]
    const { redacted } = await importAside(tool, file, one)
    expect(redacted.github).toBeGreaterThan(100)
    await importHere(codex, secretFile(), one)
    expect(everything(one)).not.toContain(token)
    expect(new Set(everything(one).match(/\[redacted:github:[0-9a-f]{8}\]/g)).size).toBe(1)
    expect((await importHere(tool, file, two)).redacted).toEqual(redacted)
  },
)

test.each(TOOLS)(
  'what is added to a file of %s while a thread reads it comes with the next import',
  async (_, tool) => {
    const whole = largeFile(tool)
    const lines = readFileSync(whole, 'utf8').trimEnd().split('\n')
    const grown = join(tempFolder(), 'session.jsonl')
    const cut = lines.length - 200
    writeFileSync(
      grown,
      lines
        .slice(0, cut)
        .map((line) => `${line}\n`)
        .join(''),
    )
    const folder = join(tempFolder(), 'store')
    const importing = importAside(tool, grown, folder, {
      onProgress: ({ done }: { done: number }) => {
        if (done === 1)
          appendFileSync(
            grown,
            lines
              .slice(cut)
              .map((line) => `${line}\n`)
              .join(''),
          )
      },
    })
    const { entries, session } = await importing
    expect(entries).toBe(cut)
    const { added } = await importAside(tool, grown, folder)
    expect(added).toBe(200)
    const store = new BuiltStore(folder)
    const { main } = await built.exportSession(known(tool), store, session)
    await store.close()
    expect(main.bytes().equals(readFileSync(whole))).toBe(true)
    expectWhole(folder)
  },
)

test('one thread reads the large files of a folder, also after one that is no session', async () => {
  const folder = tempFolder()
  const name = (day: number, id = 1) =>
    join(folder, `rollout-2026-01-0${day}T00-00-00-00000000-0000-4000-8000-00000000000${id}.jsonl`)
  const sample = readFileSync(largeFile(codex), 'utf8')
  const rewound = { timestamp: '2026-02-01T00:00:00.000Z', type: 'event_msg' }
  for (const day of [1, 2, 3, 4]) {
    const text = sample.replaceAll(
      '00000000-0000-4000-8000-000000000001',
      `00000000-0000-4000-8000-00000000000${day}`,
    )
    const payload = { type: 'thread_rolled_back', num_turns: 1 }
    writeFileSync(name(day, day), text + (day === 3 ? `${JSON.stringify({ ...rewound, payload })}\n` : ''))
  }
  // Nothing can be read in it.
  writeFileSync(name(5, 5), Buffer.alloc(BYTES, '['))
  const [there, here] = [join(tempFolder(), 'store'), join(tempFolder(), 'store')]
  const ids = new Set<number>()
  const count = ({ threadId }: Worker) => void ids.add(threadId)
  process.on('worker', count)
  const store = new BuiltStore(there)
  const results = await all(built.importFolder(known(codex), folder, store))
  process.off('worker', count)
  await store.close()
  expect(ids.size).toBe(1)
  const plainStore = new GitSessionStore(here)
  const expected = await all(importFolder(codex, folder, plainStore))
  await plainStore.close()
  expect(JSON.stringify(results)).toBe(JSON.stringify(expected))
  expect(results.length).toBe(5)
  expect(refsOf(there)).toBe(refsOf(here))
})

test('a thread that ends before it has read the file is not missed', async () => {
  const { raw, task } = await taskOf(codex, largeFile(codex))
  const again = () => Promise.reject(new Error('not asked for'))
  for (const file of [threadNamed('ends-at-once'), threadNamed('does-not-exist')])
    expect(await readAside(raw, task, { key: () => Buffer.from('k'), again }, file)).toBeUndefined()
})

test.each(TOOLS)(
  'turns of %s that a thread did not build before it ended are built without it',
  async (_, tool) => {
    const { raw, task } = await taskOf(tool, largeFile(tool))
    const expected = await tool.read(raw, { now: 0, open: openSource as never })
    let times = 0
    const again = async () => {
      times++
      return tool.read(raw, { now: 0, open: openSource as never })
    }
    const reading = (await readAside(
      raw,
      task,
      { key: () => Buffer.from('k'), again },
      threadNamed('ends-later'),
    )) as Reading
    expect(withoutFunctions(reading.transcript)).toEqual(withoutFunctions(expected))
    for (const index of [0, 1, 2, 3, 10, 4])
      expect(await reading.transcript.build(index)).toEqual(plain(await expected.build(index)))
    expect(times).toBe(1)
    await reading.close()
  },
)

test('turns are the same in any order, and twice', async () => {
  const { raw, task } = await taskOf(codex, largeFile(codex))
  const expected = await codex.read(raw, { now: 0, open: openSource as never })
  const options = { key: () => Buffer.from('k'), again: () => Promise.reject(new Error('not asked for')) }
  const reading = (await readAside(raw, task, options, realThreads())) as Reading
  const last = expected.turns.length - 1
  for (const index of [3, 1, last, 2, 2, 0])
    expect(await reading.transcript.build(index)).toEqual(plain(await expected.build(index)))
  await reading.close()
  await expect(reading.transcript.build(3)).rejects.toThrow('not asked for')
})

test('errors of a thread have their types and data', async () => {
  const file = largeFile(codex)
  const { raw, task } = await taskOf(codex, file)
  const failed = async (more: object): Promise<unknown> =>
    readAside(raw, { ...task, ...more }, { key: () => Buffer.from('k'), again: never }, realThreads()).then(
      () => undefined,
      (error: unknown) => error,
    )
  const gone = await failed({ path: `${file}.gone` })
  expect(gone).toBeInstanceOf(StorageError)
  expect(gone).toMatchObject({ code: 'STORAGE', name: 'StorageError', file: `${file}.gone`, errno: 'ENOENT' })
  const replaced = await failed({ inode: statSync(file).ino + 1 })
  expect(replaced).toBeInstanceOf(StorageError)
  expect(String(replaced)).toContain('Import it again.')
  appendFileSync(file, `${'['.repeat(600)}${']'.repeat(600)}\n`)
  const deep = await failed({ size: statSync(file).size })
  expect(deep).toBeInstanceOf(InvalidStateError)
  expect((deep as InvalidStateError).issues[0]?.message).toContain('levels deep')
  appendFileSync(file, `"${token}"\n`)
  const noKey = new ForkpointError('TEST', 'There is no key.')
  const secret = { ...task, path: secretFile() }
  const { size, ino } = statSync(secret.path)
  const withoutKey = readAside(
    raw,
    { ...secret, size, inode: ino },
    { key: () => Promise.reject(noKey), again: never },
    realThreads(),
  )
  await expect(withoutKey).rejects.toBe(noKey)
})

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const never = () => Promise.reject(new Error('not asked for'))

function secretFile(): string {
  const file = join(tempFolder(), 'secret.jsonl')
  writeFileSync(
    file,
    `{"timestamp":"2026-01-01T00:00:00Z","type":"event_msg","payload":{"type":"note","text":"${token}"}}\n`,
  )
  return file
}

/** As it comes out of another thread: without properties that are undefined. */
const plain = (turn: BuiltTurn): unknown => JSON.parse(JSON.stringify(turn))

function withoutFunctions({
  turns,
  current,
  sessionId,
  firstAt,
  lastAt,
  entries,
  warnings,
  end,
}: Transcript): unknown {
  const parts = turns.map(({ id, parent, subject, about, cursor, rows }) => ({
    id,
    parent,
    subject,
    about,
    cursor,
    rows: rows.map(({ line, start, end: stop, at }) => ({ line, start, stop, at })),
  }))
  return { parts, current, sessionId, firstAt, lastAt, entries, warnings, end }
}
