import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { tempFolder } from '../git/real-git.ts'
import { type Compiled, compile } from './support/compiled.ts'
import { emptySession, expectWhole, fill, isThere, message, realGit, storeAt } from './support/git-store.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'
const SECONDS = SOAK ? 60 : 4
const KILLS = SOAK ? 100 : 8
const TIMEOUT = SOAK ? 1_800_000 : 240_000

let compiled: Compiled
beforeAll(() => {
  compiled = compile()
})
afterAll(() => compiled.remove())

const children = new Set<ChildProcess>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** A process that runs `body`, in which `store` is open; it gets an end of its standard input, and is to stop then. */
function start(folder: string, name: string, body: string) {
  const script = `
    const { GitSessionStore } = await import(${JSON.stringify(compiled.url('store/git/git-session-store.ts'))})
    const store = new GitSessionStore(${JSON.stringify(folder)}, { lockTimeout: 30000 })
    const name = ${JSON.stringify(name)}
    const empty = (id) => ({ ...${JSON.stringify(emptySession(''))}, id })
    const message = (id) => ({ ...${JSON.stringify(message('', ''))}, id, content: name + ' says ' + id })
    const tell = (line) => process.stdout.write(JSON.stringify(line) + '\\n')
    let isOver = false
    process.stdin.on('end', () => { isOver = true }).resume()
    ${body}
    await store.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.add(child)
  const lines: unknown[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(JSON.parse(line)))
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child)
    return code as number | null
  })
  return { child, lines, ended, stop: () => child.stdin!.end() }
}

/** Saves on a line of its own, and now and then makes, tags and deletes other sessions. */
const SAVING = `
  await store.save(empty(name))
  for (let n = 0; !isOver; n++) {
    const { id } = await store.append(name, { messages: [message('m' + n)] })
    tell({ session: name, messages: n + 1, id })
    if (n % 10 === 3) {
      const other = name + '-' + n
      await store.save(empty(other))
      await store.append(other, { messages: [message('x')] })
      if (n % 20 === 3) await store.delete(other)
      else tell({ session: other, messages: 1, id: await store.resolve(other, 'main') })
    }
    if (n % 10 === 6) await store.tag(name, 't' + n, { at: 'main~2' })
    if (n % 10 === 8) await store.fork(name, { at: 'main~3', session: name + '-fork-' + n })
  }`

interface Saved {
  session: string
  messages: number
  id: string
}

/** Everything that was acknowledged is there, for git and for us. */
async function expectSaved(folder: string, lines: readonly unknown[]): Promise<void> {
  const last = new Map((lines as Saved[]).map((saved) => [saved.session, saved]))
  const ids = (lines as Saved[]).map(({ id }) => id)
  const reached = new Set(realGit(folder, 'rev-list', '--all').text.split('\n'))
  expect(ids.filter((id) => !reached.has(id))).toEqual([])
  const store = storeAt(folder)
  for (const { session, messages } of last.values()) {
    expect((await store.load(session))!.messages.length, session).toBeGreaterThanOrEqual(messages)
  }
}

test(
  'Four processes save while the store is maintained and purged all the time: nothing is lost',
  async () => {
    const folder = tempFolder()
    const store = storeAt(folder, { lockTimeout: 30_000 })
    await fill(store, 'first', 3)
    const savers = ['a', 'b', 'c', 'd'].map((name) => start(folder, name, SAVING))
    const end = performance.now() + SECONDS * 1000
    let rounds = 0
    for (; performance.now() < end; rounds++) {
      const report = await store.maintain({ purge: rounds % 2 === 1 })
      expect(report.native).toBe(true)
    }
    for (const saver of savers) saver.stop()
    expect(await Promise.all(savers.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])
    expectWhole(folder)
    await expectSaved(
      folder,
      savers.flatMap(({ lines }) => lines),
    )
    expect(rounds).toBeGreaterThan(0)
    await store.maintain({ purge: true })
    expectWhole(folder)
    expect((await store.verify()).problems).toEqual([])
  },
  TIMEOUT,
)

test(
  'Processes that maintain at the same time, and git gc beside them, are in nobody’s way',
  async () => {
    const folder = tempFolder()
    const store = storeAt(folder, { lockTimeout: 30_000 })
    await fill(store, 'first', 30)
    const maintaining = `for (let n = 0; !isOver; n++) { await store.maintain({ purge: n % 2 === 0 }); tell(n) }`
    const maintainers = ['x', 'y'].map((name) => start(folder, name, maintaining))
    const savers = ['a', 'b'].map((name) => start(folder, name, SAVING))
    const end = performance.now() + (SECONDS * 1000) / 2
    while (performance.now() < end) {
      realGit(folder, 'gc', '--quiet', '--prune=now')
      realGit(folder, 'pack-refs', '--all')
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    for (const one of [...savers, ...maintainers]) one.stop()
    expect(await Promise.all(savers.map(({ ended }) => ended))).toEqual([0, 0])
    // Packs may vanish from under one who is maintaining while git collects garbage: then it says so.
    await Promise.all(maintainers.map(({ ended }) => ended))
    expectWhole(folder)
    await expectSaved(
      folder,
      savers.flatMap(({ lines }) => lines),
    )
  },
  TIMEOUT,
)

test(
  'Killed at any moment while it maintains, a process leaves the store whole',
  async () => {
    const folder = tempFolder()
    const store = storeAt(folder, { lockTimeout: 30_000 })
    await fill(store, 'first', 40)
    const saver = start(folder, 'a', SAVING)
    for (let round = 0; round < KILLS; round++) {
      await fill(store, `gone-${round}`, 3)
      const gone = await store.resolve(`gone-${round}`, 'main')
      await store.delete(`gone-${round}`)
      const one = start(folder, 'x', 'tell("begins"); while (!isOver) await store.maintain({ purge: true })')
      await once(one.child.stdout!, 'data')
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 400))
      one.child.kill('SIGKILL')
      await one.ended
      // Git's fsck fails when packs vanish while it runs.
      saver.child.kill('SIGSTOP')
      expectWhole(folder)
      saver.child.kill('SIGCONT')
      if (round % 4 !== 3) continue
      await store.maintain({ purge: true })
      expect(isThere(folder, gone)).toBe(false)
    }
    saver.stop()
    expect(await saver.ended).toBe(0)
    await expectSaved(folder, saver.lines)
    expect((await store.load('first'))!.messages.length).toBe(40)
  },
  TIMEOUT,
)
