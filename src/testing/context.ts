/** What a sentence of the suite works with: a store, a clock, a second store on the same sessions, and assertions. */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Session } from '../state/index.ts'
import type { Checkpoint, SessionStore, StoreOptions, Supports } from '../store/session-store.ts'

/** Any store; sentences about other documents than sessions say so with their options. */
// biome-ignore lint/suspicious/noExplicitAny: the suite saves documents of many shapes, and wrong ones on purpose.
export type AnyStore = SessionStore<any>

/** A store whose calls take whatever they are given: for wrong use on purpose. */
export type LooseStore = {
  // biome-ignore lint/suspicious/noExplicitAny: that is its purpose.
  [K in keyof AnyStore]: AnyStore[K] extends (...args: any[]) => infer R ? (...args: any[]) => R : AnyStore[K]
}

/** A store for one sentence, with nothing in it yet. */
export interface Harness {
  store: AnyStore
  /**
   * Another store object on the same sessions, as another process would open it; with the options that are given on
   * top of the first one's. Sentences that need one are skipped where there is none.
   */
  reopen?: (options?: Partial<StoreOptions>) => Promise<AnyStore>
  /**
   * Damages what is stored of a session, so that it cannot be read; for stores that keep something outside the process.
   * The suite closes the store before, and opens another.
   */
  damage?: (session: string) => Promise<void>
  /** Called at the end, also when the sentence failed. */
  dispose?: () => Promise<void>
}

/** Makes an empty store with these options, `now` among them. */
export type Factory = (options: StoreOptions) => Promise<Harness>

/** What a test framework hands to its tests, as far as the suite uses it. */
export interface TestContext {
  // biome-ignore lint/suspicious/noExplicitAny: vitest and node:test declare different parameters.
  skip?: (...args: any[]) => unknown
}

/** A test framework's own `test`. */
export type TestFunction = (name: string, run: (context?: TestContext) => Promise<void>) => unknown

/** Stands still unless it is moved. */
export interface Clock {
  /** Milliseconds. */
  now: number
}

export interface Context {
  store: SessionStore<Session>
  /** The same store, for documents that are no sessions, and for what TypeScript would not let pass. */
  any: LooseStore
  clock: Clock
  /** Another store object on the same sessions. */
  again(options?: Partial<StoreOptions>): Promise<AnyStore>
  /** Damages what is stored of a session. */
  damage(session: string): Promise<void>
}

export interface Needs {
  /** What the store has to support for the sentence to make sense. */
  needs?: readonly (keyof Supports)[]
  /** What the store must not support. */
  lacks?: readonly (keyof Supports)[]
  /** The sentence opens a second store object. */
  reopens?: boolean
  /** The sentence damages a session. */
  damages?: boolean
  /** Options of the store. */
  options?: Partial<StoreOptions>
}

export type Run = (context: Context) => Promise<void>

/** Adds one sentence. */
export type Sentence = (name: string, ...rest: [run: Run] | [needs: Needs, run: Run]) => void

/** Sentences on one subject. */
export type Chapter = (sentence: Sentence) => void

export const START = Date.UTC(2025, 0, 1, 12)

/** Runs one sentence on a store of its own. */
export async function runSentence(
  factory: Factory,
  { needs = [], lacks = [], reopens = false, damages = false, options = {} }: Needs,
  run: Run,
  test: TestContext | undefined,
): Promise<void> {
  const clock: Clock = { now: START }
  const harness = await factory({ now: () => clock.now, ...options } as StoreOptions)
  const opened: AnyStore[] = [harness.store]
  try {
    const { supports } = harness.store
    const missing = needs.find((one) => !supports[one]) ?? lacks.find((one) => supports[one])
    if (missing !== undefined || (reopens && harness.reopen === undefined)) {
      test?.skip?.(`supports.${missing ?? 'reopening'}`)
      return
    }
    if (damages && harness.damage === undefined) {
      test?.skip?.('damage')
      return
    }
    await run({
      store: harness.store,
      any: harness.store,
      clock,
      async again(more) {
        const store = await harness.reopen!(more)
        opened.push(store)
        return store
      },
      damage: (session) => harness.damage!(session),
    })
  } finally {
    for (const store of opened.reverse()) await store.close()
    await harness.dispose?.()
  }
}

/** Asserts that the work fails with an error of this class that has at least this data, and returns the error. */
export async function refused<E extends Error>(
  work: () => unknown,
  // biome-ignore lint/suspicious/noExplicitAny: any class of errors will do.
  type: abstract new (...args: any[]) => E,
  data: Readonly<Record<string, unknown>> = {},
): Promise<E> {
  const outcome = await (async () => work())().then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  assert.ok(outcome !== undefined, `should have been refused with ${type.name}`)
  const { error } = outcome
  if (!(error instanceof type)) {
    throw new assert.AssertionError({
      message: `should have been refused with ${type.name}, not with: ${String(error)}`,
      actual: error,
      expected: type.name,
    })
  }
  const found = Object.fromEntries(
    Object.keys(data).map((key) => [key, (error as Record<string, unknown>)[key]]),
  )
  assert.deepEqual(found, { ...data })
  return error
}

/** Runs it for each input; a failure names the input. */
export async function forEach<T>(inputs: Iterable<T>, run: (input: T) => Promise<unknown>): Promise<void> {
  for (const input of inputs) {
    try {
      await run(input)
    } catch (error) {
      const name =
        typeof input === 'function' ? String(input) : inspect(input, { depth: 4, breakLength: 100 })
      if (error instanceof Error) error.message = `${name.slice(0, 300)}: ${error.message}`
      throw error
    }
  }
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** The names of a session's branches, with the active one marked. */
export const branchesOf = async (store: AnyStore, session: string): Promise<string[]> =>
  (await store.branches(session)).map(({ name, active }) => (active ? `${name} (active)` : name))

export const idsOf = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id)

/** Ids of the log, newest first. */
export const logOf = async (
  store: AnyStore,
  session: string,
  options?: { at?: string; limit?: number; steps?: boolean },
): Promise<string[]> => idsOf(await all<Checkpoint>(store.log(session, options)))

/** The value and all in it, frozen, so that whoever changes it fails. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) frozen(inner)
  }
  return value
}
