/** Straight files: their turns are given, encoded and stored while the rest is still being read. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ByteSource, ofBytes } from '../../../src/importers/byte-source.ts'
import { codex } from '../../../src/importers/codex/index.ts'
import type { BegunTranscript, BuiltTurn, Transcript, Turn } from '../../../src/importers/importer.ts'
import { claudeCode, type Importer, openSource } from '../../../src/importers/index.ts'
import { newSession } from '../../../src/state/index.ts'
import { encodeAhead } from '../../../src/store/git/ahead.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { gitText, tempFolder } from '../../git/real-git.ts'
import { expectWhole } from '../../store/support/git-store.ts'
import { writeToolFile } from '../built.ts'
import { realFiles } from '../real-files.ts'
import { TranscriptBuilder } from '../transcript-builder.ts'
import { expectExported, importAside } from './sides.ts'

const open = openSource as never
const files = (await realFiles()).filter(({ tool }) => tool.isStraight !== undefined)

interface Given {
  begun: BegunTranscript[]
  turns: { turn: Turn; built: BuiltTurn }[]
  rest: Transcript
}

async function given(tool: Importer, path: string): Promise<Given> {
  const begun: BegunTranscript[] = []
  const turns: Given['turns'] = []
  const taker = {
    begin: async (one: BegunTranscript) => begun.push(structuredClone(one)) > 0,
    take: async (turn: Turn, content: BuiltTurn) => {
      turns.push({ turn: structuredClone(turn), built: content })
    },
  }
  const rest = await tool.read(await openSource(path), { now: 0, open, taker })
  return { begun, turns, rest }
}

test.skipIf(files.length === 0)(
  'real files give the same turns while they are read as afterwards',
  async () => {
    let straight = 0
    for (const { tool, path, name } of files) {
      const source = await openSource(path)
      const whole = await tool.read(source, { now: 0, open })
      const goesBack = whole.turns.some(({ parent }, n) => n > 0 && parent !== n - 1)
      if (!(await tool.isStraight!(source))) continue
      straight++
      expect(goesBack, name).toBe(false)
      const { begun, turns, rest } = await given(tool, path)
      const { sessionId, firstAt, entries, warnings, end, lastAt } = whole
      expect(rest, name).toMatchObject({ sessionId, firstAt, entries, warnings, end, lastAt })
      if (whole.turns.length === 1) continue
      expect(begun.map((one) => [one.sessionId, one.firstAt])).toEqual([[sessionId, firstAt]])
      const last = whole.turns.length - 1
      const all = [...turns, { turn: rest.turns[last]!, built: await rest.build(last) }]
      expect(all.length, name).toBe(whole.turns.length)
      for (const [n, { turn, built: content }] of all.entries()) {
        expect(turn, `${name} ${n}`).toEqual(whole.turns[n])
        expect(content, `${name} ${n}`).toEqual(await whole.build(n))
      }
    }
    expect(straight).toBeGreaterThan(files.length / 2)
  },
)

const transcript = (make: (builder: TranscriptBuilder) => void) => {
  const builder = new TranscriptBuilder('one')
  builder.prompt('first')
  builder.reply([{ type: 'text', text: 'yes' }])
  make(builder)
  return claudeCode.isStraight!(ofBytes('one.jsonl', Buffer.from(`${builder.lines.join('\n')}\n`)))
}

test('a transcript is straight unless an entry goes back, is a sub-agent’s, or of another session', async () => {
  expect(await transcript((builder) => void builder.prompt('second'))).toBe(true)
  const rewound = (builder: TranscriptBuilder) => {
    builder.prompt('second')
    builder.parent = 'u2'
    builder.prompt('second, in other words')
  }
  expect(await transcript(rewound)).toBe(false)
  expect(await transcript((builder) => void builder.prompt('task', { isSidechain: true }))).toBe(false)
  expect(await transcript((builder) => void builder.prompt('second', { sessionId: 'two' }))).toBe(false)
  const newTop = (builder: TranscriptBuilder) => {
    builder.parent = null
    builder.prompt('second')
  }
  expect(await transcript(newTop)).toBe(false)
})

test('a rollout that rolls turns back is not straight, one that only tells of it is', async () => {
  const { isStraight } = codex
  const event = (payload: object) => JSON.stringify({ timestamp: AT, type: 'event_msg', payload })
  const back = event({ type: 'thread_rolled_back', num_turns: 1 })
  const told = event({ type: 'agent_message', message: 'It is rolled_back, or rolled\\u005fback.' })
  for (const [line, expected] of [
    [back, false],
    [back.replace('rolled_back', 'rolled\\u005Fback'), false],
    [back.replace('thread_r', '\\u0074hread_\\u0072'), false],
    [told, true],
    [`${back.slice(0, -1)}`, true],
  ] as const)
    for (const size of [3, 1000])
      expect(await isStraight!(inChunks(`${told}\n${line}\n`, size)), line).toBe(expected)
})

const AT = '2026-01-02T00:00:00.000Z'

function inChunks(text: string, size: number): ByteSource {
  const bytes = Buffer.from(text)
  return {
    ...ofBytes('one.jsonl', bytes),
    async *chunks() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    },
  }
}

test('a file that goes back after all is imported whole', async () => {
  const file = join(tempFolder(), 'session.jsonl')
  writeToolFile('claude-code', file, { bytes: 3_300_000 })
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  // The quick look takes this prompt for the result of a tool: only its first type is.
  const at = lines.findLastIndex((line) => line.includes('"tool_result"'))
  lines[at] = lines[at]!.replace('"is_error":false}', '"type":"text","text":"And now?"}')
  const { parentUuid, ...rest } = JSON.parse(lines[at - 2]!)
  lines.push(
    JSON.stringify({
      parentUuid,
      ...rest,
      type: 'user',
      uuid: 'back',
      message: { role: 'user', content: 'No' },
    }),
  )
  writeFileSync(file, `${lines.join('\n')}\n`)
  const side = await importAside(claudeCode, file)
  const { result, way, folder } = side
  expect(way).toBe('goes-back')
  expect(result).toMatchObject({ created: true, entries: lines.length, added: lines.length })
  expect(result!.checkpoints).toBe(result!.turns + 1)
  expect(result!.branches).toHaveLength(2)
  await expectExported(claudeCode, side, file)
  expectWhole(folder)
})

test('what was encoded ahead makes the same checkpoints, also for another place', async () => {
  const said = { role: 'user' as const, createdAt: '2026-01-01T00:00:00.000Z', run: 'r' }
  const message = (id: string) => ({ ...said, id, content: `${id}\n`.repeat(3000) })
  const run = {
    id: 'r',
    status: 'completed',
    prompt: 'go',
    startedAt: '2026-01-01T00:00:00.000Z',
    events: [],
  }
  const at = { at: '2026-01-01T00:00:00.000Z', kind: 'import' as const, subject: 'more' }
  const ids: string[] = []
  for (const place of [undefined, { messages: 1, runs: 0, seq: 2 }, { messages: 7, runs: 3, seq: 9 }]) {
    const folder = join(tempFolder(), 'store')
    const store = new GitSessionStore(folder, { now: () => 0 })
    const start = { ...newSession('one'), createdAt: at.at, updatedAt: at.at, messages: [message('a')] }
    await store.save(start as never, { ...at, expected: null })
    const items = { messages: [message('b'), message('c')], runs: [run] }
    const ahead = place && (await encodeAhead(items as never, place, { pages: true }))
    const addition = ahead === undefined ? items : { messages: ahead.messages, runs: ahead.runs }
    const { id } = await store.append('one', addition, { ...at, body: 'more' })
    ids.push(id)
    expect((await store.load('one'))?.messages).toHaveLength(3)
    expect((await store.verify()).problems).toEqual([])
    await store.close()
    expect(gitText(folder, ['ls-tree', '-r', '--name-only', id])).toContain('turn-2.md')
    expectWhole(folder)
  }
  expect(new Set(ids).size).toBe(1)
})
