/** Straight files: their turns are given, encoded and stored while the rest is still being read. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { contains, ofBytes } from '../../src/importers/byte-source.ts'
import type { BegunTranscript, BuiltTurn, Transcript, Turn } from '../../src/importers/importer.ts'
import { claudeCode, type Importer, openSource } from '../../src/importers/index.ts'
import { newSession } from '../../src/state/index.ts'
import { encodeAhead } from '../../src/store/git/ahead.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { expectWhole } from '../store/support/git-store.ts'
import { BuiltStore, built, writeToolFile } from './built.ts'
import { realFiles } from './real-files.ts'
import { TranscriptBuilder } from './transcript-builder.ts'

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

test('a text is found across chunks', async () => {
  const chunks = ['thread_ro', 'l', 'led', '_back']
  const source = {
    ...ofBytes('one', Buffer.alloc(0)),
    async *chunks() {
      for (const chunk of chunks) yield Buffer.from(chunk)
    },
  }
  expect(await contains(source, 'rolled_back')).toBe(true)
  expect(await contains(source, 'rolled_bath')).toBe(false)
})

test('a file that goes back after all is imported whole', async () => {
  const file = join(tempFolder(), 'session.jsonl')
  writeToolFile('codex', file, { bytes: 3_300_000 })
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  // The quick look does not see this one.
  const back = {
    timestamp: '2026-01-02T00:00:00.000Z',
    type: 'event_msg',
    payload: { type: 'X', num_turns: 2 },
  }
  const from = lines.slice(1, 110)
  const text = [...lines, JSON.stringify(back).replace('X', 'thread_rolled\\u005fback'), ...from].join('\n')
  writeFileSync(file, `${text}\n`)
  const folder = join(tempFolder(), 'store')
  const store = new BuiltStore(folder)
  const tool = built.IMPORTERS.find(({ name }) => name === 'codex')!
  const result = await built.importSession(tool, file, store)
  expect(result).toMatchObject({ created: true, entries: lines.length + 110, added: lines.length + 110 })
  expect(result.checkpoints).toBe(result.turns + 1)
  const { main } = await built.exportSession(tool, store, result.session)
  expect(main.bytes().equals(readFileSync(file))).toBe(true)
  await store.close()
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
