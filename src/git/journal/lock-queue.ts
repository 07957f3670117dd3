/** Changes that wait for the locks of their refs: one at a time for each ref, in order of arrival. */

import { LockedError } from '../../errors.ts'
import type { LockName } from '../../ids.ts'
import type { LockWait } from '../disk/store-folder.ts'
import type { Change } from '../refs/change.ts'
import type { Refs } from '../refs/refs.ts'

export interface Waiting {
  change: Change<unknown>
  refs: readonly LockName[]
  resolve(value: unknown): void
  reject(error: unknown): void
  /** When one of its locks was first found taken, in milliseconds. */
  busySince?: number | undefined
  notBefore?: number
}

/** Changes a group. */
const GROUP_LIMIT = 256

export class LockQueue {
  readonly #refs: Refs
  readonly #wait: Required<LockWait>
  #waiting: Waiting[] = []

  constructor(refs: Refs, wait: Required<LockWait>) {
    this.#refs = refs
    this.#wait = wait
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Whether one of them needs a lock that was found taken. */
  get isBusy(): boolean {
    return this.#waiting.some(({ busySince }) => busySince !== undefined)
  }

  add(one: Waiting): void {
    this.#waiting.push(one)
  }

  /** Rejects every waiting change. */
  rejectAll(error: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }

  /**
   * Removes and returns the changes whose locks could be taken: at most one per ref, in order of arrival.
   *
   * @param announce called with the refs before their locks are taken
   */
  takeLocks(announce: (refs: readonly LockName[]) => void): Waiting[] {
    const claimed = new Set<string>()
    const busy = new Set<string>()
    const group: Waiting[] = []
    const now = performance.now()
    for (const waiting of this.#waiting) {
      if (group.length >= GROUP_LIMIT) break
      const { refs } = waiting
      const isFree = !refs.some((ref) => claimed.has(ref))
      // A change behind another one that waits for a lock waits for that lock too.
      if (!isFree)
        waiting.busySince = refs.some((ref) => busy.has(ref)) ? (waiting.busySince ?? now) : undefined
      for (const ref of refs) claimed.add(ref)
      if (isFree && (waiting.notBefore ?? 0) <= now) {
        try {
          announce(refs)
          if (this.#takeAll(refs)) group.push(waiting)
          else postpone(waiting, now)
        } catch (error) {
          this.#fail(waiting, error)
        }
      }
      if (waiting.busySince !== undefined) for (const ref of refs) busy.add(ref)
    }
    const taken = new Set(group)
    this.#waiting = this.#waiting.filter((waiting) => !taken.has(waiting))
    return group
  }

  #takeAll(refs: readonly LockName[]): boolean {
    const taken: LockName[] = []
    try {
      for (const ref of refs) {
        if (!this.#wait.locks.take(this.#refs.path(ref))) {
          this.release(taken)
          return false
        }
        taken.push(ref)
      }
      return true
    } catch (error) {
      this.release(taken)
      throw error
    }
  }

  /**
   * Breaks locks of dead processes and gives up changes that have waited too long; waits a little if nothing else can
   * be done.
   */
  async attendToBusy(wait: boolean): Promise<void> {
    let next = performance.now() + 50
    for (const waiting of this.#waiting.filter(({ busySince }) => busySince !== undefined)) {
      try {
        await this.#attendTo(waiting)
      } catch (error) {
        this.#fail(waiting, error)
      }
      next = Math.min(next, waiting.notBefore ?? next)
    }
    // At least one turn of the event loop, since the holder of the lock may be in this process.
    if (wait) await new Promise((resolve) => setTimeout(resolve, Math.max(next - performance.now(), 0)))
  }

  async #attendTo(waiting: Waiting): Promise<void> {
    const refs = this.#refs
    const { locks, lockTimeout } = this.#wait
    const now = performance.now()
    const held = waiting.refs.map((ref) => refs.path(ref)).find((path) => locks.holder(path) !== undefined)
    if (held === undefined) waiting.notBefore = 0
    else if ((await locks.deadHolder(held)) !== undefined) {
      await this.#wait.breakLock(held)
      waiting.notBefore = 0
    }
    if (now - waiting.busySince! > lockTimeout) {
      this.#fail(waiting, new LockedError(`${held ?? refs.path(waiting.refs[0] ?? 'HEAD')}.lock`))
    }
  }

  #fail(waiting: Waiting, error: unknown): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiting)
    waiting.reject(error)
  }

  release(refs: readonly LockName[]): void {
    for (const ref of refs) this.#wait.locks.release(this.#refs.path(ref))
  }
}

function postpone(waiting: Waiting, now: number): void {
  waiting.busySince ??= now
  const waited = now - waiting.busySince
  waiting.notBefore = now + Math.min(1 + waited / 4, 40) * (0.5 + Math.random())
}
