import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claudeCode, type FolderImport, importFolder, watchSessions } from '../../src/importers/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { expectWhole } from '../store/support/git-store.ts'
import { ROOT } from '../support/build.ts'
import { TranscriptBuilder } from './transcript-builder.ts'

const HERE = import.meta.dirname

/** Turns of a session, each as the lines that a tool appends. */
function turnsOf(id: string, count: number): string[] {
  const builder = new TranscriptBuilder(id)
  return Array.from({ length: count }, (_, n) => {
    const before = builder.lines.length
    builder.prompt(`question ${n}`)
    builder.reply([{ type: 'text', text: `answer ${n}` }])
    return builder.lines
      .slice(before)
      .map((line) => `${line}\n`)
      .join('')
  })
}

/** A watch whose imports are awaited one by one. */
function startWatch(folder: string, place = join(folder, '../store')) {
  const ending = new AbortController()
  const store = new GitSessionStore(place)
  const options = { signal: ending.signal, quiet: 20 }
  const results = watchSessions([{ tool: claudeCode, folder }], store, options)
  return {
    store,
    /** The next import that added something. */
    async next(): Promise<FolderImport> {
      for (;;) {
        const { value, done } = await results.next()
        if (done) throw new Error('the watch has ended')
        if (value.error !== undefined || value.checkpoints > 0) return value
      }
    },
    async end() {
      ending.abort()
      while (!(await results.next()).done);
      await store.close()
      return place
    },
  }
}

const textsOf = async (store: GitSessionStore, id: string, branch?: string) =>
  (await store.load(id, branch === undefined ? {} : { branch }))!.messages.map(({ content }) => content)

test('what is there is imported, and then what a tool adds, in files that are new or grow', async () => {
  const folder = join(tempFolder(), 'projects')
  mkdirSync(join(folder, 'a'), { recursive: true })
  const [first, second] = turnsOf('one', 2) as [string, string]
  writeFileSync(join(folder, 'a/one.jsonl'), first)
  const watch = startWatch(folder)
  expect(await watch.next()).toMatchObject({ session: 'one', created: true, messages: 2 })
  // The watch looks on only while somebody asks for its next result.
  const next = watch.next()
  appendFileSync(join(folder, 'a/one.jsonl'), second)
  expect(await next).toMatchObject({ session: 'one', created: false, checkpoints: 1, messages: 2 })
  const other = watch.next()
  mkdirSync(join(folder, 'b'))
  writeFileSync(join(folder, 'b/two.jsonl'), turnsOf('two', 3).join(''))
  expect(await other).toMatchObject({ session: 'two', messages: 6 })
  expectWhole(await watch.end())
})

test('a folder that does not exist yet is watched once it does', async () => {
  const folder = join(tempFolder(), 'later/projects')
  const watch = startWatch(folder, join(tempFolder(), 'store'))
  const next = watch.next()
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'one.jsonl'), turnsOf('one', 1).join(''))
  expect(await next).toMatchObject({ session: 'one', messages: 2 })
  await watch.end()
})

test('what the tool deletes stays, and what it rewrites becomes a branch', async () => {
  const folder = join(tempFolder(), 'projects')
  mkdirSync(folder)
  const file = join(folder, 'one.jsonl')
  const turns = turnsOf('one', 3)
  writeFileSync(file, turns.join(''))
  const watch = startWatch(folder)
  await watch.next()
  const rewritten = watch.next()
  const compacted = new TranscriptBuilder('one', 'v')
  compacted.prompt('a summary of all before')
  compacted.reply([{ type: 'text', text: 'go on' }])
  writeFileSync(`${file}.tmp`, `${compacted.lines.join('\n')}\n`)
  renameSync(`${file}.tmp`, file)
  const { branches, session } = (await rewritten) as Extract<FolderImport, { error?: undefined }>
  expect(session).toBe('one')
  expect(await textsOf(watch.store, 'one', 'main')).toHaveLength(6)
  expect(await textsOf(watch.store, 'one', branches[0])).toEqual(['a summary of all before', 'go on'])
  const other = watch.next()
  rmSync(file)
  writeFileSync(join(folder, 'two.jsonl'), turnsOf('two', 1).join(''))
  await other
  expect(await textsOf(watch.store, 'one', 'main')).toHaveLength(6)
  await watch.end()
})

test('killed at random beside a tool that works, and started again, it has every turn once', {
  timeout: 120_000,
}, async () => {
  const work = tempFolder()
  const [folder, place] = [join(work, 'projects'), join(work, 'store')]
  mkdirSync(folder)
  const file = join(folder, 'one.jsonl')
  const turns = turnsOf('one', 30)
  let said = 0
  const start = () => {
    const child = spawn(
      process.execPath,
      [join(HERE, 'watch-child.mjs'), join(ROOT, 'dist'), folder, place],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString().split('\n').length - 1
    })
    return child
  }
  let child = start()
  let seed = 7
  const random = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return seed / 2 ** 32
  }
  for (const [n, turn] of turns.entries()) {
    // A tool writes in pieces that end anywhere.
    const cut = Math.floor(random() * turn.length)
    appendFileSync(file, turn.slice(0, cut))
    await new Promise((resolve) => setTimeout(resolve, random() * 60))
    appendFileSync(file, turn.slice(cut))
    if (n % 6 !== 5) continue
    if (n === 5) while (said === 0) await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    child = start()
  }
  child.kill('SIGKILL')
  await once(child, 'exit')

  const store = new GitSessionStore(place)
  for await (const { error } of importFolder(claudeCode, folder, store)) expect(error).toBeUndefined()
  expect(await textsOf(store, 'one')).toEqual(turns.flatMap((_, n) => [`question ${n}`, `answer ${n}`]))
  await store.close()
  expect(gitText(place, ['for-each-ref', '--format=%(refname)']).trim()).toBe('refs/heads/one/main')
  expectWhole(place)
})
