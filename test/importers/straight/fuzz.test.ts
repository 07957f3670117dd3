/**
 * Damaged files of Claude Code and Codex give the same checkpoints, whether their turns are stored while they are read or
 * afterwards. `FORKPOINT_SEED=7 RUNS=2000` tries so many files, from this one on.
 */
import { expect, test } from 'vitest'
import { type ByteSource, ofBytes } from '../../../src/importers/byte-source.ts'
import { codex } from '../../../src/importers/codex/index.ts'
import type { BegunTranscript, BuiltTurn, Transcript, Turn } from '../../../src/importers/importer.ts'
import { claudeCode, type Importer, openSource } from '../../../src/importers/index.ts'
import { damagedFile } from './damage.ts'
import { expectSame, type Way } from './sides.ts'

const FIRST = Number(process.env.FORKPOINT_SEED ?? 1)
const RUNS = Number(process.env.RUNS ?? 20)
const TOOLS = [claudeCode, codex]
const open = openSource as never

test.each(TOOLS)(
  'a damaged file of $name gives the same checkpoints with a thread and without one',
  { timeout: 60_000 + RUNS * 3000 },
  async (tool) => {
    const ways: Record<Way, number> = { alone: 0, whole: 0, straight: 0, 'goes-back': 0 }
    for (let seed = FIRST; seed < FIRST + RUNS; seed++)
      ways[await expectSame(tool, damagedFile(tool.name, seed), `seed ${seed}`)]++
    expect(ways).toMatchObject({ alone: 0, 'goes-back': 0 })
    expect(ways.straight).toBeGreaterThan(RUNS / 5)
  },
)

test.each(TOOLS)(
  'a damaged file of $name that looks straight is straight, and gives the same turns while it is read',
  { timeout: 60_000 + RUNS * 3000 },
  async (tool) => {
    let straight = 0
    for (let seed = FIRST; seed < FIRST + 40 * RUNS; seed++) {
      const source = ofBytes('session.jsonl', damagedFile(tool.name, seed, false))
      if (!(await tool.isStraight!(source))) continue
      straight++
      const whole = await tool.read(source, { now: 0, open })
      expect(await givenOf(tool, source), `seed ${seed}`).toEqual(await allOf(whole))
    }
    expect(straight).toBeGreaterThan(8 * RUNS)
  },
)

/** All turns, as they are given while the file is read. */
async function givenOf(tool: Importer, source: ByteSource): Promise<unknown> {
  const turns: object[] = []
  const built: BuiltTurn[] = []
  let begun: BegunTranscript | undefined
  const taker = {
    begin: async (one: BegunTranscript) => {
      if (one.sessionId !== undefined) begun = structuredClone(one)
      return begun !== undefined
    },
    take: async (turn: Turn, content: BuiltTurn) => {
      turns.push(structuredClone({ ...turn, rows: turn.rows.length }))
      built.push(structuredClone(content))
    },
  }
  const rest = await tool.read(source, { now: 0, open, taker })
  const all = await allOf(
    begun === undefined ? rest : { ...rest, turns: rest.turns.slice(-1) },
    rest.turns.length,
  )
  return {
    ...all,
    sessionId: begun?.sessionId ?? rest.sessionId,
    firstAt: begun?.firstAt ?? rest.firstAt,
    turns: [...turns, ...all.turns],
    built: [...built, ...all.built],
  }
}

async function allOf(
  { turns, build, sessionId, firstAt, lastAt, entries, warnings, end }: Transcript,
  count = turns.length,
) {
  const built: BuiltTurn[] = []
  for (let n = count - turns.length; n < count; n++) built.push(await build(n))
  const rowless = turns.map((turn) => ({ ...turn, rows: turn.rows.length }))
  return { turns: rowless, built, sessionId, firstAt, lastAt, entries, warnings, end }
}
