/**
 * One store of very many sessions: made, listed, saved to, maintained, killed and opened again, by processes of their own.
 * `FORKPOINT_SESSIONS` sets how many; `npm run test:soak` makes 100,000.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { SessionSummary } from '../../src/index.ts'
import { all } from '../../src/testing/context.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { type Compiled, compile } from './support/compiled.ts'
import { emptySession, expectWhole, message, storeAt } from './support/git-store.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'
const SESSIONS = Number(process.env.FORKPOINT_SESSIONS ?? (SOAK ? 100_000 : 400))
const KILLS = SOAK ? 12 : 4
const timeout = SOAK || SESSIONS > 1000 ? 3_600_000 : 240_000

let compiled: Compiled
beforeAll(() => {
  compiled = compile()
})
afterAll(() => compiled.remove())
const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})
beforeEach(() => void vi.stubEnv('XDG_CACHE_HOME', tempFolder()))

/** `[session, messages it has now]` of every acknowledged save. */
type Told = [string, number]

/** A process that runs `body`, in which `store` is open. */
function start(folder: string, body: string) {
  const script = `
    const { GitSessionStore } = await import(${JSON.stringify(compiled.url('store/git/git-session-store.ts'))})
    const store = new GitSessionStore(${JSON.stringify(folder)})
    const empty = (id) => ({ ...${JSON.stringify(emptySession(''))}, id })
    const message = (id) => ({ ...${JSON.stringify(message('', ''))}, id, content: 'Message ' + id })
    const tell = (line) => process.stdout.write(JSON.stringify(line) + '\\n')
    const atOnce = (workers, work) => Promise.all(Array.from({ length: workers }, (_, n) => work(n)))
    ${body}
    await store.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  const told: Told[] = []
  let wanted = { count: Number.POSITIVE_INFINITY, come: (): void => {} }
  const lines = createInterface({ input: child.stdout }).on('line', (line) => {
    told.push(JSON.parse(line))
    if (told.length >= wanted.count) wanted.come()
  })
  const ended = Promise.all([once(child, 'close'), once(lines, 'close')]).then(([[code]]) => {
    children.delete(child)
    wanted.come()
    return code as number | null
  })
  /** Resolves after so many answers, or when the process has ended. */
  const answers = (count: number): Promise<void> =>
    new Promise((come) => {
      wanted = { count, come }
      if (told.length >= count || !children.has(child)) come()
    })
  return { child, told, ended, answers }
}

/** Those that are not there yet, 64 at once. */
const MAKING = `
  const known = new Set()
  for await (const { id } of store.list()) known.add(id)
  let next = 0
  await atOnce(64, async () => {
    while (next < ${SESSIONS}) {
      const id = 's' + next++
      if (known.has(id)) continue
      await store.save({ ...empty(id), messages: [message('first of ' + id)] })
      tell([id, 1])
    }
  })`

/** New sessions, and more messages of old ones, until the process is killed. */
const saving = (round: number) => `
  await atOnce(16, async (worker) => {
    for (let n = 0; ; n++) {
      const fresh = 'r${round}-' + worker + '-' + n
      await store.save({ ...empty(fresh), messages: [message('first of ' + fresh)] })
      tell([fresh, 1])
      const old = 's' + ((worker + 16 * n + 4099 * ${round}) % ${SESSIONS})
      const { length } = (await store.load(old)).messages
      await store.append(old, { messages: [message('m' + length + ' of ' + old)] })
      tell([old, length + 1])
    }
  })`

test('a store of very many sessions is made, listed, saved to, maintained, killed and opened again', {
  timeout,
}, async () => {
  const folder = join(tempFolder(), 'store')
  /** How many messages each session was promised to have, at least. */
  const promised = new Map<string, number>()
  const promise = (told: readonly Told[]): void => {
    for (const [id, messages] of told) promised.set(id, Math.max(messages, promised.get(id) ?? 0))
  }

  // Killed while it is made, then made to the end.
  const half = start(folder, MAKING)
  await half.answers(Math.floor(SESSIONS / 2))
  half.child.kill('SIGKILL')
  await half.ended
  promise(half.told)
  const rest = start(folder, MAKING)
  expect(await rest.ended).toBe(0)
  promise(rest.told)
  await expectListed(folder, promised)

  for (let round = 0; round < KILLS; round++) {
    const saver = start(folder, saving(round))
    // Every second time, another process maintains the store meanwhile, and both are killed.
    await saver.answers(10 + 60 * (round % 3))
    const keeper = round % 2 === 1 ? start(folder, 'tell(["", 0]); await store.maintain()') : undefined
    await keeper?.answers(1)
    await saver.answers(saver.told.length + 40)
    saver.child.kill('SIGKILL')
    keeper?.child.kill('SIGKILL')
    await Promise.all([saver.ended, keeper?.ended])
    promise(saver.told)
    await expectSample(folder, promised, round)
  }
  await expectListed(folder, promised)

  const store = storeAt(folder)
  await store.maintain()
  await store.close()
  expect(
    gitText(folder, ['for-each-ref', '--format=%(refname)', 'refs/heads/']).split('\n').length,
  ).toBeGreaterThanOrEqual(promised.size)
  expectWhole(folder)
  await expectListed(folder, promised)
  await expectSample(folder, promised, KILLS)
})

/** A new store object lists every promised session, whether the user's cache knows them or not. */
async function expectListed(folder: string, promised: ReadonlyMap<string, number>): Promise<void> {
  const store = storeAt(folder)
  const first = await all(store.list({ limit: 20 }))
  expect(first).toHaveLength(20)
  const listed = await all(store.list())
  expect(listed.slice(0, 20)).toEqual(first)
  vi.stubEnv('XDG_CACHE_HOME', tempFolder())
  const anew = await all(store.list())
  expect(anew.length).toBe(listed.length)
  expect(hashOf(anew)).toBe(hashOf(listed))
  const ids = new Set(listed.map(({ id }) => id))
  expect([...promised.keys()].filter((id) => !ids.has(id))).toEqual([])
  expect(listed.filter(({ problem }) => problem !== undefined)).toEqual([])
  await store.close()
}

const hashOf = (summaries: readonly SessionSummary[]): string =>
  createHash('sha1').update(JSON.stringify(summaries)).digest('hex')

/**
 * A hundred sessions, others each time, and the last ones have what was promised; one takes one more save. A save may be
 * there that was not promised: its process was killed before the answer.
 */
async function expectSample(folder: string, promised: Map<string, number>, round: number): Promise<void> {
  const ids = [...promised.keys()]
  const step = Math.max(1, Math.floor(ids.length / 100))
  const chosen = new Set([...ids.filter((_, n) => n % step === round % step), ...ids.slice(-50)])
  const store = storeAt(folder)
  for (const id of chosen) {
    const { length } = (await store.load(id))!.messages
    expect(length, id).toBeGreaterThanOrEqual(promised.get(id)!)
  }
  const [id] = chosen
  const { length } = (await store.load(id!))!.messages
  await store.append(id!, { messages: [message(`m${length} of ${id}`, 'after a kill')] })
  promised.set(id!, length + 1)
  await store.close()
}
