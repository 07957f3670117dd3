import { describe, expect, it } from 'vitest'
import { StorageError } from '../../src/errors.ts'
import type { Repository } from '../../src/git/repository.ts'
import type { ObjectId } from '../../src/ids.ts'
import { commitOf } from './support/commits.ts'
import { aftermaths, expectKept, expectRecovered, expectTidy, Scene } from './support/crash.ts'
import type { Fault, Operation } from './support/simulated-disk.ts'

const MAIN = 'refs/heads/s/main'
const TRY = 'refs/heads/s/try'
const OTHER = 'refs/heads/t/main'

const isSync = ({ kind }: Operation): boolean => kind === 'syncFile' || kind === 'syncDir'
const isJournal = ({ path }: Operation): boolean => path.endsWith('.journal')

interface Stage {
  scene: Scene
  repository: Repository
  tip: ObjectId
}

async function stage(count = 2): Promise<Stage> {
  const scene = new Scene()
  const repository = scene.repository()
  let tip: ObjectId | undefined
  for (let n = 0; n < count; n++) {
    tip = await scene.save(repository, MAIN, `before ${n}`, tip)
    // Small packs are merged after an answer.
    await new Promise(setImmediate)
  }
  return { scene, repository, tip: tip! }
}

interface Work {
  /** Of saves before it. */
  after?: number
  run(stage: Stage): Promise<unknown>
}

const work: Record<string, Work> = {
  'the first save': { after: 0, run: ({ scene, repository }) => scene.save(repository, MAIN, 'one') },
  'a save': { run: ({ scene, repository, tip }) => scene.save(repository, MAIN, 'two', tip) },
  'a big save': {
    run: ({ scene, repository, tip }) => scene.save(repository, MAIN, 'two', tip, 540_000),
  },
  'a save that places a merged pack': {
    after: 17,
    run: ({ scene, repository, tip }) => scene.save(repository, MAIN, 'two', tip),
  },
  'a change of three refs': {
    run: ({ scene, repository, tip }) =>
      scene.change(repository, {
        moves: { [TRY]: tip, [OTHER]: tip },
        symbolic: { 'refs/forkpoint/active/s': TRY },
      }),
  },
  'a removal': {
    run: ({ scene, repository }) => scene.change(repository, { moves: { [MAIN]: null } }),
  },
}

/** Runs `work` with faults, then without; everything that was acknowledged survives, and the second try works. */
async function expectHarmless(
  { after, run }: Work,
  fault: (operation: Operation, first: number) => Fault | undefined,
  what: string,
): Promise<void> {
  const at = await stage(after)
  const { scene, repository } = at
  const first = scene.disk.operations
  scene.disk.fault = (operation) => fault(operation, first)
  const error: unknown = await run(at).then(
    () => undefined,
    (refused: unknown) => refused,
  )
  if (error !== undefined) expect(error, what).toBeInstanceOf(StorageError)
  if (after !== 0) expectKept(scene.disk.state, scene.attempts, what)
  scene.disk.fault = () => undefined

  await run(at)
  expect(scene.attempts.at(-1)?.state, what).toBe('acknowledged')
  expectKept(scene.disk.state, scene.attempts, `${what}, again`)
  const now = { operation: { n: 0, kind: 'write', path: what } as const, isDamaged: false }
  const { life, attempts } = scene
  const cut = {
    ...now,
    life,
    disk: scene.disk.state.snapshot(),
    attempts: attempts.map((one) => ({ ...one })),
  }
  for (const aftermath of aftermaths(cut, ['nothing', 'garbage'])) await expectRecovered(aftermath)

  await repository.settle()
  await scene.end()
  expectTidy(expectKept(scene.disk.state, scene.attempts, `${what}, closed`), what)
}

/** How many operations it takes. */
async function operationsOf({ after, run }: Work): Promise<Operation[]> {
  const at = await stage(after)
  const seen: Operation[] = []
  at.scene.disk.onOperation = (operation) => {
    if (!operation.half) seen.push(operation)
  }
  await run(at)
  await at.scene.end()
  return seen
}

describe('the disk is full from any operation on:', () => {
  for (const [name, one] of Object.entries(work)) {
    it(`${name} is refused, and works when there is room again`, async () => {
      const count = (await operationsOf(one)).length
      for (let n = 1; n <= count; n++) {
        await expectHarmless(
          one,
          ({ n: at, kind }, first) =>
            at >= first + n && !/unlink|removeDir|sync|truncate/.test(kind) ? { error: 'ENOSPC' } : undefined,
          `${name}: disk full from operation ${n} on`,
        )
      }
    })
  }
})

describe('any single operation fails:', () => {
  for (const [name, one] of Object.entries(work)) {
    it(`${name} is refused or done, and can be tried again`, async () => {
      const count = (await operationsOf(one)).length
      for (let n = 1; n <= count; n++) {
        await expectHarmless(
          one,
          ({ n: at }, first) => (at === first + n ? { error: 'EIO' } : undefined),
          `${name}: operation ${n} fails`,
        )
      }
    })
  }
})

describe('writes that take less than they are given', () => {
  it('are completed', async () => {
    for (const one of Object.values(work)) {
      await expectHarmless(
        one,
        ({ kind, bytes }) => (kind === 'write' && bytes! > 1 ? { short: Math.ceil(bytes! / 3) } : undefined),
        'short writes',
      )
    }
  })
})

describe('a group of saves', () => {
  it('loses only the one that is too big for the disk', async () => {
    const { scene, repository, tip } = await stage()
    const big = (operation: Operation) =>
      isJournal(operation) && operation.bytes! > 300_000 ? { error: 'ENOSPC' } : undefined
    scene.disk.fault = big
    const results = await Promise.allSettled([
      scene.save(repository, MAIN, 'small', tip),
      scene.save(repository, TRY, 'big', undefined, 600_000),
      scene.save(repository, OTHER, 'small too'),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    scene.disk.fault = () => undefined
    await scene.save(repository, TRY, 'big', undefined, 600_000)
    await scene.end()
    expectKept(scene.disk.state, scene.attempts, 'a group')
  })

  it('loses only the one whose preparation fails', async () => {
    const { scene, repository, tip } = await stage()
    const results = await Promise.allSettled([
      repository.change({
        refs: [TRY],
        prepare: () => {
          throw new TypeError('mine alone')
        },
      }),
      scene.save(repository, MAIN, 'two', tip),
    ])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    await scene.save(repository, TRY, 'its lock is free')
    await scene.end()
  })

  it('is made durable elsewhere, as a whole, when the sync of the journal fails once', async () => {
    const { scene, repository, tip } = await stage()
    let failed: string | undefined
    scene.disk.fault = (operation) => {
      if (!isSync(operation) || !isJournal(operation) || failed !== undefined) return undefined
      failed = operation.path
      return { error: 'EIO' }
    }
    await Promise.all([
      scene.save(repository, MAIN, 'two', tip),
      scene.save(repository, TRY, 'three'),
      scene.save(repository, OTHER, 'four'),
    ])
    expect(failed).toBeDefined()
    const { life, attempts } = scene
    const cut = {
      operation: { n: 0, kind: 'syncFile', path: failed! } as const,
      isDamaged: false,
      life,
      disk: scene.disk.state.snapshot(),
      attempts: [...attempts],
    }
    for (const aftermath of aftermaths(cut, ['nothing', 'zeros', 1, 2, 3])) await expectRecovered(aftermath)
    await repository.settle()
    expect(scene.disk.stat(failed!), 'the journal whose sync failed').toBeUndefined()
    await scene.end()
  })
})

describe('settling', () => {
  it('loses nothing when any of its operations fails, and works afterwards', async () => {
    const settling: Work = { after: 3, run: ({ repository }) => repository.settle() }
    const count = (await operationsOf(settling)).length
    expect(count).toBeGreaterThan(15)
    for (let n = 1; n <= count; n++) {
      await expectHarmless(
        settling,
        ({ n: at }, first) => (at === first + n ? { error: 'EIO' } : undefined),
        `settling: operation ${n} fails`,
      )
    }
  })

  it('at the end closes every file once, whatever fails, and says so', async () => {
    const closing: Work = { after: 3, run: ({ repository }) => repository.close() }
    const count = (await operationsOf(closing)).length
    let refused = 0
    for (let n = 1; n <= count; n++) {
      const { scene, repository } = await stage(3)
      const first = scene.disk.operations
      scene.disk.fault = ({ n: at }) => (at === first + n ? { error: 'EIO' } : undefined)
      const error: unknown = await repository.close().catch((reason: unknown) => reason)
      if (error !== undefined) expect(error, `operation ${n}`).toBeInstanceOf(StorageError)
      if (error !== undefined) refused++
      await repository.close()
      expect(scene.disk.openFiles, `operation ${n}: open files`).toBe(0)
    }
    expect(refused).toBeGreaterThan(5)
  })

  it('that fails at the end leaves the journal to the next process', async () => {
    const { scene, repository } = await stage()
    scene.disk.fault = (operation) => (isSync(operation) ? { error: 'EIO' } : undefined)
    await expect(repository.close()).rejects.toBeInstanceOf(StorageError)
    expect(scene.disk.openFiles).toBe(0)
    scene.disk.fault = () => undefined
    const { life, attempts } = scene
    const cut = {
      operation: { n: 0, kind: 'syncFile', path: 'close' } as const,
      isDamaged: false,
      life,
      disk: scene.disk.state.snapshot(),
      attempts: [...attempts],
    }
    for (const aftermath of aftermaths(cut, ['nothing', 'garbage', 1])) await expectRecovered(aftermath)
  })
})

describe('a recovery', () => {
  it('that the disk refuses is a StorageError, and works once it does not', async () => {
    for (let n = 1; n < 60; n += 2) {
      const { scene } = await stage(3)
      const { life, attempts } = scene
      scene.disk.die()
      const disk = scene.disk.state.snapshot()
      const next = new Scene(disk, life.afterPowerLoss(), attempts)
      const repository = next.repository()
      next.disk.fault = (operation) => (operation.n === n ? { error: 'EIO' } : undefined)
      const error: unknown = await next.save(repository, OTHER, 'other').catch((refused: unknown) => refused)
      if (typeof error !== 'string') expect(error, `operation ${n}`).toBeInstanceOf(StorageError)
      next.disk.fault = () => undefined
      await next.save(repository, TRY, 'try')
      await next.end()
      expectTidy(expectKept(disk, next.attempts, `operation ${n}`), `operation ${n}`)
    }
  })
})

it('a change whose objects were given but whose refs stay writes nothing', async () => {
  const { scene, repository, tip } = await stage()
  const before = scene.disk.state.hash()
  await repository.change({
    refs: [MAIN],
    prepare: () => ({ objects: commitOf('x').objects, moves: new Map([[MAIN, tip]]), result: undefined }),
  })
  expect(scene.disk.state.hash()).toBe(before)
  await scene.end()
})
