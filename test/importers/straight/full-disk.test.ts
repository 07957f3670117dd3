/**
 * A disk that is full, or refuses an operation, at each step of an import whose turns are stored while a thread reads the
 * file. `FORKPOINT_SOAK=1` tries each way at each step.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { StorageError } from '../../../src/errors.ts'
import { codex } from '../../../src/importers/codex/index.ts'
import { importSession } from '../../../src/importers/index.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { tempFolder } from '../../git/real-git.ts'
import { ROOT, Scene } from '../../git/support/crash.ts'
import { FULL } from '../../git/support/full-disk.ts'
import { judge } from '../../git/support/judge.ts'
import type { Fault, Operation } from '../../git/support/simulated-disk.ts'
import { watchThreads } from './sides.ts'

// Only the built package has a file for the thread.
vi.mock('../../../src/importers/aside/threads.ts', async (original) => {
  const real = await original<typeof import('../../../src/importers/aside/threads.ts')>()
  const thread = new URL('../../../dist/importers/aside/thread.js', import.meta.url)
  return {
    ReadingThreads: class extends real.ReadingThreads {
      constructor() {
        super(thread)
      }
    },
  }
})

const SOAK = process.env.FORKPOINT_SOAK === '1'
const FAULTS: Record<string, (n: number) => (operation: Operation) => Fault | undefined> = {
  ...FULL,
  'refuses once': (n) => (operation) => (operation.n === n ? { error: 'EIO' } : undefined),
}

/** A rollout of eight turns, which are stored in three writes. */
function rollout(): string {
  const lines = [line('session_meta', { id: 'one', cwd: '/w' })]
  for (let turn = 0; turn < 8; turn++) {
    const said = (role: string, text: string) =>
      lines.push(line('response_item', { type: 'message', role, content: [{ type: 'text', text }] }))
    said('user', `question ${turn}`)
    const size = { 2: 3 << 20, 5: 3 << 19 }[turn]
    if (size !== undefined) lines.push(line('event_msg', { type: 'note', text: 'x'.repeat(size) }))
    said('assistant', `answer ${turn}`)
  }
  const file = join(tempFolder(), 'one.jsonl')
  writeFileSync(file, [...lines, ''].join('\n'))
  return file
}

const line = (type: string, payload: object) =>
  JSON.stringify({ timestamp: '2026-01-01T00:00:00.000Z', type, payload })

async function idsIn(store: GitSessionStore): Promise<string[]> {
  if (!(await store.exists('one'))) return []
  const ids: string[] = []
  for await (const { id } of store.log('one', { steps: true })) ids.push(id)
  return ids.reverse()
}

test('leaves the first turns, and the next import adds the others', { timeout: 600_000 }, async () => {
  const file = rollout()
  const open = (scene: Scene) => new GitSessionStore(scene.repository(), { now: () => 0 })
  const importInto = (store: GitSessionStore) => importSession(codex, file, store, { redact: false })
  const kinds: string[] = []
  const whole = new Scene()
  const store = open(whole)
  await watchThreads(
    ({ kind }) => void kinds.push(kind),
    () => importInto(store),
  )
  expect(kinds.filter((kind) => kind === 'turn')).toHaveLength(9)
  const [count, ids] = [whole.disk.operations, await idsIn(store)]
  expect(ids).toHaveLength(9)
  await whole.end()

  const lengths = new Set<number>()
  for (let n = 1; n <= count; n++)
    for (const [how, faultAt] of Object.entries(FAULTS).filter(
      (_, at, all) => SOAK || n % all.length === at,
    )) {
      const what = `${how}, ${n} of ${count}`
      const scene = new Scene()
      scene.disk.fault = faultAt(n)
      const process = open(scene)
      const error: unknown = await importInto(process).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error !== undefined) expect(error, what).toBeInstanceOf(StorageError)
      scene.disk.fault = () => undefined
      expect(judge(scene.disk.state, ROOT).problems, what).toEqual([])
      const other = new Scene(scene.disk.state.snapshot(), scene.life.afterKill())
      const kept = await idsIn(open(other))
      await other.end()
      expect(kept, what).toEqual(ids.slice(0, kept.length))
      if (error === undefined) expect(kept, what).toEqual(ids)
      lengths.add(kept.length)
      const { checkpoints } = await importInto(process)
      expect(await idsIn(process), what).toEqual(ids)
      expect(checkpoints, what).toBeLessThanOrEqual(ids.length - kept.length)
      await scene.end()
      expect(judge(scene.disk.state, ROOT).problems, what).toEqual([])
    }
  expect(lengths.size).toBeGreaterThan(3)
})
