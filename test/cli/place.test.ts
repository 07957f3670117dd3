import { describe, expect, it } from 'vitest'
import { findPlace, findSession } from '../../src/cli/place.ts'
import { AmbiguousSessionError, InvalidIdError, NotFoundError } from '../../src/errors.ts'
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

  it('may name a generated id by its beginning, where no other session begins so', async () => {
    const generated = new MemorySessionStore()
    const ids = [
      '3f2a91bc-0d4e-4f6a-8b7c-112233445566',
      '3f2a91bc-ffff-4f6a-8b7c-112233445566',
      '3f2b',
      'beef0000',
    ]
    for (const id of ids) await generated.save(newSession(id))
    expect(await findPlace(generated, '3f2a91bc-0')).toEqual({ session: ids[0] })
    expect(await findPlace(generated, '3f2a91bc-f/main~3')).toEqual({ session: ids[1], at: 'main~3' })
    expect(await findPlace(generated, '3f2a91bc-0~2')).toEqual({ session: ids[0], at: '~2' })
    expect(await findPlace(generated, '3f2b')).toEqual({ session: '3f2b' })
    expect(await findSession(generated, '3f2a91bc-f')).toBe(ids[1])
    expect(await findSession(generated, 'none')).toBe('none')
    await expect(findPlace(generated, '3f2a')).rejects.toMatchObject({
      code: 'AMBIGUOUS_SESSION',
      candidates: ids.slice(0, 2),
    })
    await expect(findSession(generated, '3f2a91bc')).rejects.toThrow(AmbiguousSessionError)
    // Too short, and of no generated id.
    for (const text of ['3f2', 'beef'])
      await expect(findPlace(generated, text)).rejects.toThrow(NotFoundError)
  })
})
