/** The git store against the memory store: the same random operations have to have the same outcome in both. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ForkpointError } from '../../src/errors.ts'
import { newMessage, newSession, type Session } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import type { Addition, SessionHandle, SessionStore, WriteOptions } from '../../src/store/session-store.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'
const SEEDS = SOAK ? 40 : 6
const STEPS = SOAK ? 1000 : 400

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`${STEPS} random operations have the same outcome in git as in memory (seed ${seed})`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'forkpoint-random-'))
    try {
      await run(seed, folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

async function run(seed: number, folder: string): Promise<void> {
  const random = mulberry(seed)
  let clock = Date.UTC(2026, 0, 1)
  const now = () => clock
  const place = join(folder, 'store')
  const opened: GitSessionStore[] = []
  const openGit = () => {
    const store = new GitSessionStore(place, { now })
    opened.push(store)
    return store
  }
  const both = { git: openGit(), memory: new MemorySessionStore({ now }) }
  const world = new World(random)
  for (let step = 0; step < STEPS; step++) {
    clock += Math.floor(random() * 5000)
    if (random() < 0.03) {
      if (random() < 0.5) await both.git.close()
      both.git = openGit()
      world.forgetPositions()
    }
    const operation = world.next()
    const outcomes = [
      await outcome(() => operation.run('git', both.git)),
      await outcome(() => operation.run('memory', both.memory)),
    ]
    const [git, memory] = [world.named('git', outcomes[0]), world.named('memory', outcomes[1])]
    expect(git, `seed ${seed}, step ${step}: ${operation.name}`).toEqual(memory)
    world.learn(outcomes[0], outcomes[1])
  }
  for (const id of world.sessions) {
    expect(world.named('git', await everything(both.git, id))).toEqual(
      world.named('memory', await everything(both.memory, id)),
    )
  }
  // Those that were left open, too: they still settle what they saved.
  for (const store of opened) await store.close()
  execFileSync('git', ['--git-dir', place, 'fsck', '--strict', '--full'], { stdio: 'pipe' })
}

type Which = 'git' | 'memory'
interface Operation {
  name: string
  run(which: Which, store: SessionStore): Promise<unknown>
}

/** What the operations are drawn from: few names, so that they meet. */
class World {
  readonly sessions = ['a', 'c/Ü']
  readonly #random: () => number
  readonly #ids: { git: string[]; memory: string[] } = { git: [], memory: [] }
  #loaded: { git: Session | undefined; memory: Session | undefined }[] = []
  #handles: { git: SessionHandle; memory: SessionHandle }[] = []
  #texts = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /** Positions are known to a store object; after a reopen they are asked for again. */
  forgetPositions(): void {
    this.#loaded = []
    this.#handles = []
  }

  /** Replaces checkpoint ids, which differ, by their number. */
  named(which: Which, value: unknown): unknown {
    const names = new Map(this.#ids[which].map((id, n) => [id, `<checkpoint ${n}>`]))
    const pending = new Map<string, string>()
    const walk = (one: unknown): unknown => {
      if (typeof one === 'string') {
        return one.replace(/\b[0-9a-f]{10,40}\b/g, (id) => {
          const known = [...names].find(([full]) => full.startsWith(id))?.[1] ?? pending.get(id.slice(0, 10))
          if (known !== undefined) return known
          pending.set(id.slice(0, 10), `<new ${pending.size}>`)
          return pending.get(id.slice(0, 10))!
        })
      }
      if (Array.isArray(one)) return one.map(walk)
      if (one === null || typeof one !== 'object') return one
      if (one instanceof Error) return walk({ name: one.name, message: one.message })
      return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, walk(inner)]))
    }
    return walk(value)
  }

  /** Remembers new checkpoints, which both stores made at the same step. */
  learn(git: unknown, memory: unknown): void {
    const [a, b] = [idOf(git), idOf(memory)]
    if (a === undefined || b === undefined || this.#ids.git.includes(a)) return
    this.#ids.git.push(a)
    this.#ids.memory.push(b)
  }

  next(): Operation {
    const session = this.#pick(this.sessions)
    const branch = this.#pick(['main', 'main', 'main', 'try', 'x/y'])
    const kinds: (() => Operation)[] = [
      () => this.#save(session),
      () => this.#saveLoaded(),
      () => this.#saveLoaded(),
      () => this.#append(session),
      () => this.#append(session),
      () => this.#append(session),
      () => this.#load(session, branch),
      () => this.#open(session, branch),
      () => this.#handle(),
      () => this.#handle(),
      () => this.#fork(session, branch),
      () => simple(`switch ${session} ${branch}`, (store) => store.switch(session, branch)),
      () => this.#tag(session),
      () => (this.#random() < 0.5 ? this.#delete(session, branch) : this.#load(session, branch)),
      () => this.#resolve(session),
      () => simple(`branches ${session}`, (store) => store.branches(session)),
      () => simple(`list`, (store) => all(store.list())),
      () => simple(`log ${session}`, (store) => all(store.log(session, { steps: true, limit: 8 }))),
      () => this.#part(session),
    ]
    return this.#pick(kinds)()
  }

  #save(session: string): Operation {
    const state = this.#state(session)
    const options = this.#options()
    return simple(`save ${session} ${JSON.stringify(options)}`, (store, which) =>
      store.save(structuredClone(state), this.#expected(which, options)),
    )
  }

  #saveLoaded(): Operation {
    const one = this.#pick(this.#loaded)
    const change = this.#change()
    const options = this.#options()
    return simple(`save what was loaded ${JSON.stringify(options)}`, async (store, which) => {
      const state = one?.[which]
      if (state === undefined) return undefined
      change(state)
      return store.save(state, this.#expected(which, options))
    })
  }

  #append(session: string): Operation {
    const addition = this.#addition()
    const options = this.#options()
    return simple(`append ${session} ${JSON.stringify({ addition, options })}`, (store, which) =>
      store.append(session, structuredClone(addition), this.#expected(which, options)),
    )
  }

  #load(session: string, branch: string): Operation {
    const at = this.#random() < 0.3 ? this.#revision() : undefined
    const kept: { git: Session | undefined; memory: Session | undefined } = {
      git: undefined,
      memory: undefined,
    }
    this.#loaded = [...this.#loaded.slice(-4), kept]
    const named = this.#random() < 0.5 ? { branch } : {}
    return simple(`load ${session} ${JSON.stringify(named)} ${at}`, async (store, which) => {
      const state = await store.load(session, { ...named, ...(at && { at: this.#real(which, at) }) })
      kept[which] = state
      return structuredClone(state)
    })
  }

  #open(session: string, branch: string): Operation {
    const at = this.#random() < 0.3 ? this.#revision() : undefined
    const kept = {} as { git: SessionHandle; memory: SessionHandle }
    this.#handles = [...this.#handles.slice(-4), kept]
    const named = this.#random() < 0.4 ? { branch } : {}
    return simple(`open ${session} ${JSON.stringify(named)} ${at}`, async (store, which) => {
      const handle = await store.open(session, { ...named, ...(at && { at: this.#real(which, at) }) })
      kept[which] = handle
      return { state: structuredClone(handle.state), checkpoint: handle.checkpoint, branch: handle.branch }
    })
  }

  #handle(): Operation {
    const one = this.#pick(this.#handles)
    const options = this.#options()
    const addition = this.#addition()
    const change = this.#random() < 0.3 ? this.#change() : undefined
    return simple(
      `handle ${JSON.stringify({ addition, options, change: change !== undefined })}`,
      async (_, which) => {
        const handle = one?.[which]
        if (handle === undefined) return undefined
        const { expected: _e, ...rest } = options
        let checkpoint: unknown
        if (change === undefined) checkpoint = await handle.append(structuredClone(addition), rest)
        else {
          const state = structuredClone(handle.state)
          change(state)
          checkpoint = await handle.save(state, rest)
        }
        return { ...(checkpoint as object), after: structuredClone(handle.state), at: handle.branch }
      },
    )
  }

  #fork(session: string, branch: string): Operation {
    const at = this.#revision()
    const to =
      this.#random() < 0.3 ? { session: this.#pick([...this.sessions, 'fork1', 'fork2']) } : { branch }
    if (to.session !== undefined && !this.sessions.includes(to.session)) this.sessions.push(to.session)
    return simple(`fork ${session} ${at} ${JSON.stringify(to)}`, (store, which) =>
      store.fork(session, { ...to, at: this.#real(which, at) }),
    )
  }

  #tag(session: string): Operation {
    const [name, at] = [this.#pick(['t1', 't2', 'T1']), this.#revision()]
    return simple(`tag ${session} ${name} ${at}`, (store, which) =>
      store.tag(session, name, { at: this.#real(which, at) }),
    )
  }

  #delete(session: string, branch: string): Operation {
    const kinds = [{ branch }, { branch }, { tag: 't1' }, { tag: 'T1' }]
    const what = this.#random() < 0.05 ? {} : this.#pick(kinds)
    return simple(`delete ${session} ${JSON.stringify(what)}`, (store) => store.delete(session, what))
  }

  #resolve(session: string): Operation {
    const at = this.#revision()
    return simple(`resolve ${session} ${at}`, async (store, which) => ({
      id: await store.resolve(session, this.#real(which, at)),
    }))
  }

  #part(session: string): Operation {
    const options = this.#pick([{ last: 1 }, { last: 3, events: false }, { events: false }, { last: 0 }])
    return simple(`part ${session} ${JSON.stringify(options)}`, (store) => store.load(session, options))
  }

  #state(id: string): Session {
    const count = Math.floor(this.#random() * 4)
    const state = newSession(id, {}, Date.UTC(2026, 0, 1))
    for (let n = 0; n < count; n++) state.messages.push(this.#message(n))
    return state
  }

  #change(): (state: Session) => void {
    const [message, status, kind] = [this.#message(), this.#pick(['idle', 'busy']), this.#random()]
    return (state) => {
      if (kind < 0.5 && !state.messages.some(({ id }) => id === message.id))
        state.messages.push(structuredClone(message))
      else if (kind < 0.6) state.messages.pop()
      else if (kind < 0.7 && state.messages[0] !== undefined) state.messages[0].content = message.content
      else if (kind < 0.75) state.updatedAt = new Date(Date.UTC(2027, 0, 1)).toISOString()
      else if (kind < 0.9) state.status = status
      else state.config = { ...state.config, systemPrompt: message.content }
    }
  }

  #addition(): Addition {
    const addition: Addition = {}
    if (this.#random() < 0.7)
      addition.messages = [this.#message(), ...(this.#random() < 0.3 ? [this.#message()] : [])]
    if (this.#random() < 0.4) addition.runs = [this.#run()]
    if (this.#random() < 0.2)
      addition.set = { title: this.#pick(['x', 'y']), extra: this.#pick([[], {}, -0, 'a\nb']) }
    if (this.#random() < 0.1) addition.unset = ['title']
    if (this.#random() < 0.1 && addition.set !== undefined) delete addition.unset
    return addition
  }

  #message(n?: number) {
    const id = n === undefined ? `m${Math.floor(this.#random() * 60)}` : `m${n}`
    const content = this.#pick(['hello', 'two\nlines', '', `text ${this.#texts++}`, 'ü'.repeat(40_000)])
    return newMessage(
      this.#pick(['user', 'assistant', 'tool'] as const),
      content,
      { id },
      Date.UTC(2026, 0, 1),
    )
  }

  #run() {
    const first = Math.floor(this.#random() * 3)
    const events = Array.from({ length: Math.floor(this.#random() * 3) }, (_, n) => ({
      sequence: first + n,
      at: '2026-01-01T00:00:00.000Z',
      type: 'text',
      text: `e${this.#texts++}`,
    }))
    return {
      id: this.#pick(['r1', 'r2', 'r3']),
      status: this.#pick(['running', 'completed']),
      prompt: 'p',
      startedAt: '2026-01-01T00:00:00.000Z',
      events,
    }
  }

  #options(): WriteOptions {
    const options: WriteOptions = {}
    if (this.#random() < 0.12) options.branch = this.#pick(['main', 'try', 'Other', 'x/y'])
    if (this.#random() < 0.3) options.expected = this.#pick(['any', 'any', 'any', null, this.#numbered()])
    if (this.#random() < 0.15) options.key = this.#pick(['k1', 'k2', 'k3'])
    if (this.#random() < 0.2) options.kind = 'step'
    if (this.#random() < 0.05) options.tag = this.#pick(['t1', 't3'])
    if (this.#random() < 0.1) options.allowEmpty = true
    if (this.#random() < 0.1) options.body = 'a body\n\nForkpoint-Key: forged'
    return options
  }

  #expected(which: Which, options: WriteOptions): WriteOptions {
    const { expected } = options
    return typeof expected === 'string' && expected !== 'any'
      ? { ...options, expected: this.#real(which, expected) }
      : { ...options }
  }

  #revision(): string {
    const base = this.#pick(['', 'main', 'try', 'x/y', 't1', '@', this.#numbered(), `${this.#numbered()}~`])
    return base + this.#pick(['', '', '~', '~2', '^', '^2', '~1^2'])
  }

  #numbered(): string {
    return `#${Math.floor(this.#random() * Math.max(1, this.#ids.git.length))}`
  }

  /** `#3` is the third checkpoint, whatever its id is in that store. */
  #real(which: Which, text: string): string {
    return text.replace(/^#(\d+)/, (_, n: string) => this.#ids[which][Number(n)] ?? '0'.repeat(40))
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!
  }
}

const simple = (name: string, run: (store: SessionStore, which: Which) => Promise<unknown>): Operation => ({
  name,
  run: (which, store) => run(store, which),
})

async function outcome(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ForkpointError || error instanceof TypeError) return error
    throw error
  }
}

const idOf = (value: unknown): string | undefined => {
  const id = (value as { id?: unknown } | undefined)?.id
  return typeof id === 'string' && /^[0-9a-f]{40}$/.test(id) ? id : undefined
}

async function everything(store: SessionStore, session: string): Promise<unknown> {
  if (!(await store.exists(session))) return undefined
  const lines = []
  for (const { name } of await store.branches(session)) {
    lines.push({
      name,
      state: await store.load(session, { branch: name }),
      log: await all(store.log(session, { at: name, steps: true })),
    })
  }
  return { lines, tags: await store.tags(session) }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** A small seeded generator, so that a failure can be run again. */
function mulberry(seed: number): () => number {
  let state = seed * 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
