import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { Repository } from '../../src/git/repository.ts'
import type { RefName } from '../../src/ids.ts'
import { git, gitText, tempFolder } from './real-git.ts'
import { buildGitLayer } from './support/build.ts'
import { commitOf } from './support/commits.ts'
import { type SaverOptions, startSaver } from './support/processes.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'
const timeout = SOAK ? 1_800_000 : 120_000

let built: string
beforeAll(() => {
  built = tempFolder()
  buildGitLayer(built)
})

const REFS = ['refs/heads/a/main', 'refs/heads/b/main', 'refs/heads/b/try'] as const

/** All commits of a ref, oldest first. */
const line = (store: string, ref: string): string[] =>
  gitText(store, ['rev-list', '--reverse', '--first-parent', ref]).split('\n')

const isSubsequence = (some: readonly string[], all: readonly string[]): boolean => {
  let at = 0
  for (const one of all) if (one === some[at]) at++
  return at === some.length
}

describe('a process that saves and is killed at any moment', () => {
  it('leaves every save it was promised, a clean repository, and no lock', { timeout }, async () => {
    const rounds = SOAK ? 220 : 20
    const store = join(tempFolder(), 'store')
    const promised = new Map<RefName, string[]>(REFS.map((ref) => [ref, []]))
    for (let round = 0; round < rounds; round++) {
      const kinds: Partial<SaverOptions>[] = [{}, { settleAfter: 3 }, { settleEvery: 2 }, { big: 20_000 }]
      const saver = startSaver(built, store, { refs: REFS, count: 100_000, ...kinds[round % kinds.length] })
      // In the first rounds also while the store is created and opened.
      if (round % 5 !== 0) await saver.begun
      await sleep(Math.random() * (round % 5 === 0 ? 300 : 60))
      saver.process.kill('SIGKILL')
      const { errors } = await saver.ended
      expect(errors).toBe('')
      for (const [ref, ids] of saver.acknowledged) promised.get(ref as RefName)!.push(...ids)

      const created = [...promised.values()].some((ids) => ids.length > 0)
      if (!created) continue
      for (const [ref, ids] of promised) {
        if (ids.length > 0)
          expect(isSubsequence(ids, line(store, ref)), `${ref} in round ${round}`).toBe(true)
      }
      if (SOAK || round % 4 === 0) git(store, ['fsck', '--strict', '--full'])

      // A save that waited for a lock of the dead would run into the time limit of the test.
      const repository = new Repository(store, { lockTimeout: 3_600_000 })
      for (const [ref, ids] of promised) {
        const id = await repository.change({
          refs: [ref],
          prepare: (current) => {
            const commit = commitOf(`round ${round}`, current.get(ref))
            return { objects: commit.objects, moves: new Map([[ref, commit.id]]), result: commit.id }
          },
        })
        ids.push(id)
      }
      await repository.close()
      if (SOAK || round % 4 === 0) git(store, ['fsck', '--strict', '--full'])
    }
    for (const [ref, ids] of promised) expect(isSubsequence(ids, line(store, ref)), ref).toBe(true)
    expect(gitText(store, ['count-objects', '-v'])).toMatch(/^garbage: 0$/m)
  })
})

describe('eight processes', () => {
  it('that save on one ref, each on what it has seen, make one line of all their saves', {
    timeout,
  }, async () => {
    const store = join(tempFolder(), 'store')
    const ref = REFS[0]!
    const count = SOAK ? 100 : 12
    const savers = Array.from({ length: 8 }, () =>
      startSaver(built, store, { refs: [ref], count, compareAndSet: true }),
    )
    for (const { ended } of savers) expect(await ended).toEqual({ code: 0, errors: '' })
    const promised = savers.flatMap(({ acknowledged }) => acknowledged.get(ref)!)
    expect(promised.length).toBe(8 * count)
    expect(line(store, ref).sort()).toEqual(promised.sort())
    git(store, ['fsck', '--strict', '--full'])
  })

  it('that save on refs of their own lose nothing to git gc, repack and pack-refs', { timeout }, async () => {
    const store = join(tempFolder(), 'store')
    const count = SOAK ? 400 : 60
    const savers = Array.from({ length: 8 }, (_, n) =>
      startSaver(built, store, {
        refs: [`refs/heads/s${n}/main`],
        count,
        settleAfter: 50,
        settleEvery: n < 4 ? 7 : 0,
      }),
    )
    let running = true
    const gits = (async () => {
      await savers[0]!.begun
      const commands = [
        ['pack-refs', '--all'],
        ['gc', '--quiet', '--prune=now'],
        ['repack', '-adq'],
        ['fsck', '--strict'],
      ]
      for (let n = 0; running; n++) {
        // One of them may lose against a lock or a pack that is gone; nothing of ours may.
        try {
          git(store, commands[n % commands.length]!)
        } catch {}
        await sleep(5)
      }
    })()
    for (const { ended } of savers) expect(await ended).toEqual({ code: 0, errors: '' })
    running = false
    await gits
    for (const { acknowledged } of savers) {
      for (const [ref, ids] of acknowledged) {
        expect(ids.length).toBe(count)
        expect(line(store, ref)).toEqual(ids)
      }
    }
    git(store, ['fsck', '--strict', '--full'])
  })
})
