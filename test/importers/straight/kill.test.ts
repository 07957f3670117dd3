/**
 * A process that stores turns while a thread reads the file is killed, again and again. `FORKPOINT_SEED=7 RUNS=100` kills
 * so many, at moments that the seed decides.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { codex } from '../../../src/importers/codex/index.ts'
import { claudeCode, type Importer } from '../../../src/importers/index.ts'
import { gitText, tempFolder } from '../../git/real-git.ts'
import { expectWhole } from '../../store/support/git-store.ts'
import { ROOT } from '../../support/build.ts'
import { writeToolFile } from '../built.ts'
import { type Dice, dice } from './made-up.ts'
import { expectExported, importAside, importHere, refsOf, type Side } from './sides.ts'

const FIRST = Number(process.env.FORKPOINT_SEED ?? 1)
const RUNS = Number(process.env.RUNS ?? 2)
const CHILD = join(import.meta.dirname, '../import-child.mjs')
const TOOLS = [codex, claudeCode]

interface Sample {
  tool: Importer
  file: string
  /** An import at once, without a thread. */
  whole: Side
  ids: string[]
  /** How long a process took, in milliseconds. */
  time: number
}
const samples = new Map<string, Sample>()

/**
 * A process that imports the file. It is killed when it has stored its first turns, after so many milliseconds, or never.
 */
async function runChild(
  { tool, file }: Pick<Sample, 'tool' | 'file'>,
  place: string,
  kill?: number | 'between',
) {
  const child = spawn(process.execPath, [CHILD, join(ROOT, 'dist'), file, place, tool.name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const timer = typeof kill === 'number' ? setTimeout(() => child.kill('SIGKILL'), kill) : undefined
  child.stdout.on('data', () => kill === 'between' && child.kill('SIGKILL'))
  const [code] = await once(child, 'exit')
  clearTimeout(timer)
  return code as number | null
}

const idsIn = (place: string): string[] =>
  existsSync(join(place, 'HEAD'))
    ? gitText(place, ['rev-list', '--reverse', '--all']).split('\n').filter(Boolean)
    : []

beforeAll(async () => {
  for (const tool of TOOLS) {
    const file = join(tempFolder(), 'session.jsonl')
    writeToolFile(tool.name, file, { bytes: 6 << 20 })
    const whole = await importHere(tool, file)
    const begin = performance.now()
    expect(await runChild({ tool, file }, join(tempFolder(), 'store'))).toBe(0)
    const sample = { tool, file, whole, ids: idsIn(whole.folder), time: performance.now() - begin }
    samples.set(tool.name, sample)
    const there = await importAside(tool, file)
    expect([there.way, there.refs]).toEqual(['straight', whole.refs])
  }
})

async function survives(sample: Sample, roll: Dice, what: string): Promise<number> {
  const { tool, file, whole, ids, time } = sample
  const place = join(tempFolder(), 'store')
  let had = 0
  let most = 0
  const first = 1 + roll(3)
  for (let n = first; n > 0; n--) {
    await runChild(sample, place, n === first ? 'between' : roll(Math.ceil(time * 1.1)))
    const kept = idsIn(place)
    expect(kept, what).toEqual(ids.slice(0, kept.length))
    expect(kept.length, what).toBeGreaterThanOrEqual(had)
    if (kept.length > 0) expectWhole(place)
    if (kept.length < ids.length) most = Math.max(most, kept.length)
    had = kept.length
  }
  const last = await importAside(tool, file, place)
  expect(last.refs, what).toBe(whole.refs)
  expect(last.result!.checkpoints, what).toBe(ids.length - had)
  await expectExported(tool, last, file)
  expectWhole(place)
  return most
}

test.each(TOOLS)(
  'after any number of kills, the store has each turn of $name once, with the ids of an import at once',
  { timeout: 120_000 + RUNS * 60_000 },
  async ({ name }) => {
    let between = 0
    for (let seed = FIRST; seed < FIRST + RUNS; seed++)
      if ((await survives(samples.get(name)!, dice(seed), `seed ${seed}`)) > 0) between++
    expect(between).toBeGreaterThan(0)
  },
)

test.each(TOOLS)(
  'two processes that import one file of $name at once store each turn once',
  async ({ name }) => {
    const sample = samples.get(name)!
    const place = join(tempFolder(), 'store')
    const codes = await Promise.all([runChild(sample, place), runChild(sample, place)])
    expect(codes).toEqual([0, 0])
    expect(refsOf(place)).toBe(sample.whole.refs)
    expectWhole(place)
  },
)
