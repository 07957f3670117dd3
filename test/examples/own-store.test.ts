/** The store of `docs/own-store.md` does what every store has to do. */
import { test } from 'vitest'
import type { SessionStore, StoreOptions } from '../../src/store/session-store.ts'
import { suite } from '../../src/testing/index.ts'

const EXAMPLE: string = new URL('../../examples/own-store/map-store.js', import.meta.url).href
const { MapStore } = (await import(EXAMPLE)) as {
  MapStore: new (options: Partial<StoreOptions>, map: Map<string, Uint8Array>) => SessionStore
}

suite({
  test,
  factory: async (options) => {
    const map = new Map<string, Uint8Array>()
    return {
      store: new MapStore(options, map),
      reopen: async (more) => new MapStore({ ...options, ...more }, map),
      damage: async (session) => void map.set(session, Buffer.from('{')),
    }
  },
})
