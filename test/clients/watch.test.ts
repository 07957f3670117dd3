/**
 * `forkpoint watch` beside a real tool, killed and restarted at random. Short by default; FORKPOINT_CLIENTS_TURNS=50 says how
 * many turns. What the turns took, and how soon they were seen, is printed, not judged.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MAIN } from '../cli/command-line.ts'
import { gitText } from '../git/real-git.ts'
import { atEnd } from './support/running.ts'
import { Work } from './support/work.ts'
import { CLIENTS } from './tools/index.ts'

const TURNS = Number(process.env.FORKPOINT_CLIENTS_TURNS ?? 6)
/** Turns at the end during which nobody kills the watch. */
const QUIET = Math.max(2, Math.ceil(TURNS / 5))

const WATCHED = CLIENTS.filter(({ askAgain }) => askAgain !== undefined)

describe.each(WATCHED.map((client) => [client.name, client] as const))(
  'A watch beside %s',
  (name, client) => {
    test.skipIf(client.program === undefined)(
      'that is killed and restarted has every turn once',
      async () => {
        const work = await Work.begin(client)
        const watch = new Watch(name, work.place)
        const prompts = Array.from({ length: TURNS }, (_, n) => `Turn number ${n + 1}.`)
        const turns: number[] = []
        const seen: number[] = []
        watch.killAtRandom()
        for (const [n, prompt] of prompts.entries()) {
          if (n === TURNS - QUIET) await watch.calmDown()
          const start = performance.now()
          await (n === 0 ? work.ask(prompt) : work.run(client.askAgain?.(prompt) ?? []))
          turns.push(performance.now() - start)
          if (n < TURNS - QUIET) continue
          const answer = `So be it: ${prompt}`
          const store = new GitSessionStore(watch.store)
          await until(async () => (await said(store)).includes(answer))
          seen.push(newestIn(join(watch.store, 'refs/heads')) - statSync(await work.file()).mtimeMs)
        }
        await watch.end()

        const store = new GitSessionStore(watch.store)
        expect(await said(store)).toEqual(prompts.flatMap((prompt) => [prompt, `So be it: ${prompt}`]))
        const [{ id = '' } = {}] = await all(store)
        expect((await store.branches(id)).map((branch) => branch.name)).toEqual(['main'])
        expect(gitText(watch.store, ['fsck', '--strict'])).not.toMatch(/error|missing|corrupt/)
        console.log(
          `${name}: ${TURNS} turns, ${watch.kills} kills; a turn took ${middle(turns)} ms, and was seen ${middle(seen)} ms after its last line (at most ${Math.round(Math.max(...seen))} ms).`,
        )
      },
      60_000 + TURNS * 20_000,
    )
  },
)

/** The process of `forkpoint watch`. */
class Watch {
  kills = 0
  readonly store: string
  readonly #start: () => ChildProcess
  #child: ChildProcess
  #isKilling = false
  #killing: Promise<void> = Promise.resolve()

  constructor(tool: string, { home, cwd }: { home: string; cwd: string }) {
    this.store = join(home, 'store')
    const env = { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(home, '.cache') }
    const args = [MAIN, 'watch', '--tool', tool, '--store', this.store]
    this.#start = () => spawn(process.execPath, args, { cwd, env, stdio: 'ignore' })
    this.#child = this.#start()
    atEnd(() => this.#child.kill('SIGKILL'))
  }

  /** After something between nothing and three seconds, again and again. */
  killAtRandom(): void {
    this.#isKilling = true
    const go = async () => {
      while (this.#isKilling) {
        await sleep(Math.random() * 3000)
        const dead = once(this.#child, 'exit')
        this.#child.kill('SIGKILL')
        await dead
        this.kills++
        this.#child = this.#start()
      }
    }
    this.#killing = go()
  }

  async calmDown(): Promise<void> {
    this.#isKilling = false
    await this.#killing
  }

  async end(): Promise<void> {
    const over = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    expect((await over)[0]).toBe(0)
  }
}

async function all(store: GitSessionStore): Promise<{ id: string }[]> {
  const found: { id: string }[] = []
  for await (const one of store.list()) found.push(one)
  return found
}

/** What was said in all sessions, in order. */
async function said(store: GitSessionStore): Promise<string[]> {
  const found: string[] = []
  for (const { id } of await all(store)) {
    const state = await store.load(id)
    found.push(...(state?.messages.map(({ content }) => content) ?? []))
  }
  return found
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo().catch(() => false)) return
    await sleep(50)
  }
  throw new Error('The watch has not seen the turn in half a minute.')
}

/** When the last branch was moved. */
const newestIn = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
      (name) => statSync(join(folder, name)).mtimeMs,
    ),
  )

const middle = (numbers: readonly number[]): number =>
  Math.round([...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0)
