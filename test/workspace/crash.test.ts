/** A process that dies at any operation on the workspace's disk, before it or after it, and what the next one finds. */
import { readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeDisk, type WorkspaceDisk } from '../../src/workspace/disk/disk.ts'
import { tempFolder } from '../git/real-git.ts'
import { contentOf, write } from './support/folder.ts'
import { LATER, sceneIn } from './support/store.ts'

const BEFORE = {
  'README.md': '# Project\n',
  'src/a.ts': 'a\n',
  'src/deep/b.ts': 'b\n',
  'bin/run': '#!/bin/sh\n',
  link: '-> README.md',
  swapped: 'a file',
}
const AFTER = {
  'README.md': '# Other\n',
  'src/deep/b.ts': 'b2\n',
  'bin/run': 'plain',
  link: 'plain',
  'swapped/by/folder': '1',
  new: '1',
}

/** Each operation has its own run in the long run, every third in this one. */
const EVERY = process.env.FORKPOINT_SOAK === '1' ? 1 : 3

class Died extends Error {}

/** A disk on which the process dies at operation `at`, before or after it is carried out. */
function dyingAt(at: number, isAfter: boolean): { disk: WorkspaceDisk; operations: () => number } {
  let count = 0
  const die = (): void => {
    throw new Died(`at operation ${at}`)
  }
  const wrap =
    <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      const own = ++count
      if (own > at || (own === at && !isAfter)) die()
      const result = await call(...args)
      if (own === at) {
        await (result as { close?: () => Promise<void> } | undefined)?.close?.()
        die()
      }
      return result
    }
  const calls = Object.entries(nodeDisk).map(([name, call]) => [name, wrap(call as () => Promise<unknown>)])
  return { disk: Object.fromEntries(calls) as WorkspaceDisk, operations: () => count }
}

async function project() {
  const base = realpathSync(tempFolder())
  const [folder, root] = [join(base, 'store'), join(base, 'project')]
  write(root, BEFORE)
  const first = sceneIn(folder, root)
  const one = await first.turn('one')
  write(root, Object.fromEntries(Object.keys(BEFORE).map((path) => [path, undefined])))
  write(root, AFTER)
  await first.turn('two')
  return { folder, root, one }
}

test.each([false, true])(
  'a snapshot that dies at any operation loses nothing (after it: %s)',
  async (isAfter) => {
    const { folder, root } = await project()
    write(root, { more: '1' })
    for (let at = 1; ; at++) {
      const { disk, operations } = dyingAt(at, isAfter)
      const dying = sceneIn(folder, root, {}, { disk })
      const outcome = await dying.turn(`dying ${at}`).catch((error: unknown) => error)
      if (operations() < at) break
      // An operation whose failure says that a file has gone, or one after the last look, does no harm.
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(Died)
      expect(contentOf(root)).toEqual({ ...AFTER, more: '1' })
    }
    const next = sceneIn(folder, root)
    await next.turn('last')
    expect((await next.files.list('demo', '')).map(({ path }) => path)).toEqual(
      [...Object.keys(AFTER), 'more'].sort(),
    )
    expect(next.git('fsck', '--strict')).toBe('')
  },
)

test.each([false, true])(
  'a restore that dies at any operation is completed by another, and undone (after it: %s)',
  async (isAfter) => {
    let at = 1
    for (; ; at += EVERY) {
      const { folder, root, one } = await project()
      const { disk, operations } = dyingAt(at, isAfter)
      const dying = sceneIn(folder, root, {}, { disk, now: LATER })
      const outcome = await dying.files.restore('demo', one).catch((error: unknown) => error)
      const isWhole = operations() < at
      if (!isWhole && outcome instanceof Error) expect(outcome).toBeInstanceOf(Died)
      // Its owner is dead from here on.
      await dying.store.close()
      const next = sceneIn(folder, root)
      await next.files.restore('demo', one)
      expect(contentOf(root)).toEqual(BEFORE)
      expect(readdirSync(join(folder, 'forkpoint/restores'))).toEqual([])
      const paths = (await next.files.list('demo', 'main')).map(({ path }) => path)
      expect(paths).toEqual(Object.keys(AFTER).sort())
      await next.files.restore('demo', 'main')
      expect(contentOf(root)).toEqual(AFTER)
      expect(next.git('fsck', '--strict')).toBe('')
      if (isWhole) break
    }
    expect(at).toBeGreaterThan(40)
  },
  120_000,
)
