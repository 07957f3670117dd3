/** A change of a git store that stops after every single write, on every disk that a stop may leave. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { Repository } from '../../../src/git/repository.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { aftermaths, POWER_LOSSES, ROOT, Scene } from '../../git/support/crash.ts'
import { exportTo } from '../../git/support/disk-state.ts'
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

function expectCleanForGit(disk: Parameters<typeof exportTo>[0]): void {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-every-stop-'))
  try {
    exportTo(disk, ROOT, folder)
    expectWhole(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
