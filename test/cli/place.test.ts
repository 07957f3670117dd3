import { describe, expect, it } from 'vitest'
import { findPlace } from '../../src/cli/place.ts'
import { InvalidIdError, NotFoundError } from '../../src/errors.ts'
import { newSession } from '../../src/state/index.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'

const store = new MemorySessionStore()
for (const id of ['demo', 'demo/main', 'a/b', 'x~1']) await store.save(newSession(id))

describe('a place', () => {
  it('is the longest session that exists, then a revision of it', async () => {
    expect(await findPlace(store, 'demo')).toEqual({ session: 'demo' })
    expect(await findPlace(store, 'demo/')).toEqual({ session: 'demo' })
    expect(await findPlace(store, 'demo/try~3')).toEqual({ session: 'demo', at: 'try~3' })
    expect(await findPlace(store, 'demo/main')).toEqual({ session: 'demo/main' })
    expect(await findPlace(store, 'demo/main/main^')).toEqual({ session: 'demo/main', at: 'main^' })
    expect(await findPlace(store, 'a/b/feature/x')).toEqual({ session: 'a/b', at: 'feature/x' })
  })

  it('may follow the session directly when it only counts back', async () => {
    expect(await findPlace(store, 'demo~3')).toEqual({ session: 'demo', at: '~3' })
    expect(await findPlace(store, 'a/b^^')).toEqual({ session: 'a/b', at: '^^' })
    expect(await findPlace(store, 'x~1')).toEqual({ session: 'x~1' })
    expect(await findPlace(store, 'x~1~2')).toEqual({ session: 'x~1', at: '~2' })
  })

  it('that names no session is not found', async () => {
    for (const text of ['dem', 'demonstration/main', 'a', '/demo', '~1']) {
      await expect(findPlace(store, text)).rejects.toThrow(NotFoundError)
    }
    await expect(findPlace(store, '')).rejects.toThrow(InvalidIdError)
    await expect(findPlace(store, 'a\nb')).rejects.toThrow(InvalidIdError)
  })
})
