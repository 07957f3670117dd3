/** A thread that ends while its turns are stored is not missed: the rest is read without it, to the same checkpoints. */
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import workers, { type ResourceLimits, type Worker, type WorkerOptions } from 'node:worker_threads'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { codex } from '../../../src/importers/codex/index.ts'
import { claudeCode } from '../../../src/importers/index.ts'
import { tempFolder } from '../../git/real-git.ts'
import { expectWhole } from '../../store/support/git-store.ts'
import { writeToolFile } from '../built.ts'
import { importAside, importHere, type Side, watchThreads } from './sides.ts'

const TOOLS = [codex, claudeCode]
const Usual = workers.Worker
const samples = new Map<string, { file: string; whole: Side; turns: number }>()

beforeAll(async () => {
  for (const tool of TOOLS) {
    const file = join(tempFolder(), 'session.jsonl')
    // The turns are stored in two writes, after the first one.
    writeToolFile(tool.name, file, { bytes: 6 << 20 })
    const whole = await importHere(tool, file)
    samples.set(tool.name, { file, whole, turns: whole.result!.turns + 1 })
  }
})

afterEach(() => {
  workers.Worker = Usual
  syncBuiltinESMExports()
})

/** How a thread ends. */
const ENDS = {
  'is ended': (thread: Worker) => void thread.terminate(),
  // It is told what it does not understand.
  throws: (thread: Worker) => void thread.postMessage(null),
}

test.each([
  ['codex', 'is ended'],
  ['claude-code', 'is ended'],
  ['claude-code', 'throws'],
] as const)('a thread that reads a file of %s and %s, at any answer, is not missed', async (name, how) => {
  const tool = TOOLS.find((one) => one.name === name)!
  const { file, whole, turns } = samples.get(name)!
  const ways = new Set<string>()
  for (const at of [1, 2, Math.floor(turns * 0.9), turns + 1]) {
    let answers = 0
    const threads = new Set<Worker>()
    const { way, ...side } = await watchThreads(
      (_, thread) => {
        threads.add(thread)
        if (++answers === at) ENDS[how](thread)
      },
      () => importAside(tool, file),
    )
    const what = `answer ${at}`
    expect(side.result, what).toEqual(whole.result)
    expect(side.refs, what).toBe(whole.refs)
    expect(
      [...threads].every(({ threadId }) => threadId === -1),
      what,
    ).toBe(true)
    if (at > 2) expectWhole(side.folder)
    ways.add(way)
  }
  expect(ways).toContain('straight')
})

test('a thread that has no memory left, at once or later, is not missed', async () => {
  const file = join(tempFolder(), 'session.jsonl')
  writeToolFile('codex', file, { bytes: 5 << 20 })
  const note = { timestamp: '2026-01-02T00:00:00.000Z', type: 'event_msg', payload: { type: 'note' } }
  // A last turn of so many lines takes more memory than all that come before.
  appendFileSync(file, `${JSON.stringify(note)}\n`.repeat(40_000))
  const whole = await importHere(codex, file)
  const ways: string[] = []
  const failed: unknown[] = []
  for (const maxOldGenerationSizeMb of [2, 24]) {
    limitThreads({ maxOldGenerationSizeMb, maxYoungGenerationSizeMb: 1 }, (error) => failed.push(error))
    const side = await importAside(codex, file)
    expect(side.result).toEqual(whole.result)
    expect(side.refs).toBe(whole.refs)
    expectWhole(side.folder)
    ways.push(side.way)
  }
  expect(ways).toContain('straight')
  expect(failed).toMatchObject([{ code: 'ERR_WORKER_OUT_OF_MEMORY' }, { code: 'ERR_WORKER_OUT_OF_MEMORY' }])
})

/** Makes threads with so little memory. */
function limitThreads(resourceLimits: ResourceLimits, onError: (error: unknown) => void): void {
  workers.Worker = class extends Usual {
    constructor(file: string | URL, options?: WorkerOptions) {
      super(file, { ...options, resourceLimits })
      this.on('error', onError)
    }
  }
  syncBuiltinESMExports()
}
