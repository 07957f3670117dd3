import { test } from 'vitest'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import { suite } from '../../src/testing/index.ts'

suite({
  test,
  factory: async (options) => {
    const store = new MemorySessionStore(options)
    return { store, reopen: async (more) => new MemorySessionStore({ ...options, ...more, share: store }) }
  },
})
