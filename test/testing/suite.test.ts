/** The suite itself: it passes a store that does what it should, and catches those that do not. */
import { describe, expect, test } from 'vitest'
import type { Session } from '../../src/state/index.ts'
import { MemorySessionStore, type MemoryStoreOptions } from '../../src/store/memory/memory-session-store.ts'
import type {
  Addition,
  Checkpoint,
  ListOptions,
  LoadOptions,
  LogOptions,
  SessionSummary,
  Supports,
  WriteOptions,
} from '../../src/store/session-store.ts'
import { suite, type TestFunction } from '../../src/testing/index.ts'

type Options = MemoryStoreOptions<Session>

/** Names of the sentences that fail, and of those that are skipped. */
async function run(make: (options: Options) => MemorySessionStore, shares = true) {
  const tests: [string, Parameters<TestFunction>[1]][] = []
  suite({
    test: (name, body) => tests.push([name, body]),
    factory: async (options) => {
      const store = make(options)
      const reopen = async (more?: object) => make({ ...options, ...more, share: store })
      return { store, ...(shares && { reopen }) }
    },
  })
  const [failed, skipped]: [string[], string[]] = [[], []]
  for (const [name, body] of tests) {
    try {
      await body({ skip: () => skipped.push(name) })
    } catch {
      failed.push(name)
    }
  }
  return { all: tests.map(([name]) => name), failed, skipped }
}

class Mutant extends MemorySessionStore {}

const mutants: [string, new (options: Options) => MemorySessionStore][] = [
  [
    'overwrites what it has not seen',
    class extends Mutant {
      override save(state: Session, options?: WriteOptions) {
        return super.save(state, { expected: 'any', ...options })
      }
    },
  ],
  [
    'drops the last message of an append',
    class extends Mutant {
      override append(session: string, addition: Addition, options?: WriteOptions) {
        return super.append(session, { ...addition, messages: addition.messages?.slice(0, -1) }, options)
      }
    },
  ],
  [
    'forgets keys',
    class extends Mutant {
      override save(state: Session, { key: _, ...options }: WriteOptions = {}) {
        return super.save(state, options)
      }
    },
  ],
  [
    'sorts the keys of what it is given',
    class extends Mutant {
      override async load(session: string, options?: LoadOptions) {
        const state = await super.load(session, options)
        return state === undefined ? undefined : (sortKeys(state) as Session)
      }
    },
  ],
  [
    'writes dates as text',
    class extends Mutant {
      override save(state: Session, options?: WriteOptions) {
        return super.save(state && JSON.parse(JSON.stringify(state)), options)
      }
    },
  ],
  [
    'touches the state it is given',
    class extends Mutant {
      override save(state: Session, options?: WriteOptions) {
        state.updatedAt = new Date().toISOString()
        return super.save(state, options)
      }
    },
  ],
  [
    'ignores last',
    class extends Mutant {
      override load(session: string, { last: _, ...options }: LoadOptions = {}) {
        return super.load(session, options)
      }
    },
  ],
  [
    'lists in one page',
    class extends Mutant {
      override list({ limit: _, ...options }: ListOptions = {}): AsyncGenerator<SessionSummary> {
        return super.list(options)
      }
    },
  ],
  [
    'shows steps as turns',
    class extends Mutant {
      override log(session: string, options: LogOptions = {}): AsyncGenerator<Checkpoint> {
        return super.log(session, { ...options, steps: true })
      }
    },
  ],
  [
    'redacts nothing',
    class extends Mutant {
      constructor({ redact: _, ...options }: Options = {}) {
        super(options)
      }
    },
  ],
  [
    'validates nothing',
    class extends Mutant {
      constructor(options: Options = {}) {
        super({ ...options, schema: ANYTHING as unknown as Options['schema'] })
      }
    },
  ],
  [
    'cannot be closed',
    class extends Mutant {
      override async close() {}
    },
  ],
]

const ANYTHING = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } }

describe('the suite', () => {
  test('has a name of its own for every sentence', async () => {
    const { all, failed, skipped } = await run((options) => new MemorySessionStore(options))
    expect(new Set(all).size).toBe(all.length)
    expect(all.length).toBeGreaterThan(120)
    expect(failed).toEqual([])
    expect(skipped.length).toBeLessThan(10)
  })

  test.each(mutants)('catches a store that %s', async (_, Store) => {
    const { failed } = await run((options) => new Store(options))
    expect(failed.length).toBeGreaterThan(0)
  })

  test('skips what a store does not declare, and what needs a second store object', async () => {
    class Small extends MemorySessionStore {
      override readonly supports: Supports = {
        history: false,
        branches: false,
        patch: false,
        persistent: false,
        switch: false,
        keys: false,
        files: false,
      }
    }
    const { skipped, all } = await run((options) => new Small(options), false)
    expect(skipped.length).toBeGreaterThan(60)
    expect(skipped).toContain('concurrency: two stores on the same sessions: all appends are saved')
    expect(all.length - skipped.length).toBeGreaterThan(100)
  })
})

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  )
}
