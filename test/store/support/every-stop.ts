/** A change of a git store that stops after every single write, on every disk that a stop may leave, or for lack of room. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { StorageError } from '../../../src/errors.ts'
import type { Repository } from '../../../src/git/repository.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { aftermaths, POWER_LOSSES, ROOT, Scene } from '../../git/support/crash.ts'
import { exportTo } from '../../git/support/disk-state.ts'
import { FULL } from '../../git/support/full-disk.ts'
import { judge } from '../../git/support/judge.ts'
import { emptySession, expectWhole, message, withoutGit } from './git-store.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'
/** The real git looks at the disk of every so many stops. */
const ASK_GIT = 40

export interface StoppedChange<T> {
  /** Makes what the change starts from, beside a session `other`. */
  prepare(store: GitSessionStore): Promise<unknown>
  change(store: GitSessionStore, repository: Repository): Promise<unknown>
  /** What is as before the change, or as after it. */
  look(repository: Repository): T
  /** Looks at what a stop has left, after the next write has finished it. */
  check(store: GitSessionStore, isAfter: boolean, what: string): Promise<void>
}

/** Expects each stop to leave what was before the change or what is after it, and each of the two at least once. */
export async function expectAllOrNothing<T>({
  prepare,
  change,
  look,
  check,
}: StoppedChange<T>): Promise<void> {
  withoutGit()
  const scene = new Scene()
  const repository = scene.repository()
  const store = new GitSessionStore(repository)
  await store.save(emptySession('other'))
  await prepare(store)
  await repository.settle()
  const before = look(repository)
  scene.record()
  await change(store, repository)
  const after = look(repository)
  expect(after).not.toEqual(before)
  await scene.end()

  const seen = new Set<boolean>()
  for (const [n, cut] of scene.cuts.entries()) {
    const losses = SOAK
      ? [...POWER_LOSSES, n + 1, n + 2]
      : [n % 2 === 0 ? ('nothing' as const) : n, POWER_LOSSES[2 + (n % 4)]!]
    for (const { disk, life, what } of aftermaths(cut, losses)) {
      const later = () => Date.now() + 7_200_000
      const next = new Scene(disk, life, [], later)
      const reopened = next.repository({ now: later })
      const again = new GitSessionStore(reopened)
      // The first write finishes what the dead have left.
      await again.append('other', { messages: [message('next', 'next')] })
      const found = look(reopened)
      expect([before, after], what).toContainEqual(found)
      const isAfter = isDeepStrictEqual(found, after)
      seen.add(isAfter)
      await check(again, isAfter, what)
      await next.end()
      expect(judge(disk, ROOT).problems, what).toEqual([])
      if (n % ASK_GIT === 0) expectCleanForGit(disk)
    }
  }
  expect([...seen].sort()).toEqual([false, true])
}

/**
 * Expects each full disk to leave what was before the change or what is after it, and the change to be made once there is
 * room again.
 */
export async function expectAllOrNothingWhenFull<T>({
  prepare,
  change,
  look,
  check,
}: StoppedChange<T>): Promise<void> {
  withoutGit()
  const first = new Scene()
  let now = Date.parse('2025-01-01T00:00:00.000Z')
  const storeOn = (repository: Repository) => new GitSessionStore(repository, { now: () => now })
  const maker = new GitSessionStore(first.repository(), { now: () => ++now })
  await maker.save(emptySession('other'))
  await prepare(maker)
  await first.end()
  const { state, life } = { state: first.disk.state, life: first.life.afterKill() }
  /** A process on a copy of the disk, which has opened the store. */
  const stage = async () => {
    const scene = new Scene(state.snapshot(), life)
    const repository = scene.repository()
    const store = storeOn(repository)
    expect(await store.exists('other')).toBe(true)
    return { scene, repository, store }
  }
  const whole = await stage()
  const before = look(whole.repository)
  const from = whole.scene.disk.operations
  await change(whole.store, whole.repository)
  const count = whole.scene.disk.operations - from
  const after = look(whole.repository)
  expect(after).not.toEqual(before)
  await whole.scene.end()

  let refused = 0
  for (const [how, fullAt] of Object.entries(FULL))
    for (let n = 1; n <= count; n++) {
      const what = `full ${how}, ${n}`
      const { scene, repository, store } = await stage()
      scene.disk.fault = fullAt(scene.disk.operations + n)
      const error: unknown = await change(store, repository).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error !== undefined) expect(error, what).toBeInstanceOf(StorageError)
      expect([before, after], what).toContainEqual(look(repository))
      expect(judge(scene.disk.state, ROOT).problems, what).toEqual([])
      // Somebody else sees one of the two as well.
      const other = new Scene(scene.disk.state.snapshot(), life.afterKill())
      const reader = other.repository()
      await storeOn(reader).exists('other')
      expect([before, after], what).toContainEqual(look(reader))
      await other.end()

      scene.disk.fault = () => undefined
      if (isDeepStrictEqual(look(repository), before)) {
        refused++
        await change(store, repository)
      }
      expect(look(repository), what).toEqual(after)
      await check(store, true, what)
      await scene.end()
      expect(judge(scene.disk.state, ROOT).problems, what).toEqual([])
      if (n % ASK_GIT === 0) expectCleanForGit(scene.disk.state)
    }
  expect(refused).toBeGreaterThan(3)
}

function expectCleanForGit(disk: Parameters<typeof exportTo>[0]): void {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-every-stop-'))
  try {
    exportTo(disk, ROOT, folder)
    expectWhole(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
