import { appendFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  AlreadyExistsError,
  ConflictError,
  NotFoundError,
  StorageError,
  UnsupportedError,
} from '../../src/errors.ts'
import {
  exportClaudeCode,
  importClaudeCode,
  importClaudeCodeFolder,
  writeClaudeCode,
} from '../../src/importers/index.ts'
import { checkSession, newSession, type Session } from '../../src/state/index.ts'
import { FileSessionStore } from '../../src/store/file/file-session-store.ts'
import type { SessionStore } from '../../src/store/session-store.ts'
import { roundTripOf, subjects } from './round-trip.ts'
import { STORES } from './stores.ts'
import { call, TranscriptBuilder } from './transcript-builder.ts'

const demo = join(dirname(fileURLToPath(import.meta.url)), '../../fixtures/claude-code/demo-session.jsonl')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkpoint-import-'))
})
afterAll(() => rm(folder, { recursive: true }))

let files = 0
/** Writes a file into a new folder. Returns its path. */
async function file(bytes: string | Buffer, name = 'session-1.jsonl'): Promise<string> {
  const path = join(folder, String(++files), name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
  return path
}

test('a store without history or branches takes a session that was never rewound, and what it gets since', async () => {
  const t = new TranscriptBuilder()
  t.prompt('Go')
  const store = new FileSessionStore(await mkdtemp(join(folder, 'files-')))
  await roundTripOf(async () => store)(t.lines)
  t.text('Gone')
  t.prompt('Further')
  const { result } = await roundTripOf(async () => store)(t.lines)
  expect(result).toMatchObject({ created: false, added: 2, checkpoints: 2 })
  await expect(importClaudeCode(demo, store)).rejects.toThrow(/needs a store with branches/)
})

describe.each(STORES)('a Claude Code file in a $name store', ({ open }) => {
  const roundTrip = roundTripOf(open)

  /** Imports a file, and checks that it comes back byte for byte. */
  async function sameBytes(bytes: string | Buffer, into?: SessionStore) {
    const store = into ?? (await open())
    const result = await importClaudeCode(await file(bytes), store)
    const { main } = await exportClaudeCode(store, result.session)
    expect(main.bytes().equals(Buffer.from(bytes as string))).toBe(true)
    const state = (await store.load(result.session)) as Session
    expect(checkSession(state)).toEqual([])
    return { store, result, state }
  }

  function talk(): TranscriptBuilder {
    const t = new TranscriptBuilder()
    t.prompt('Go')
    t.text('Gone – ganz weit')
    t.prompt('Further')
    return t
  }

  describe('odd files', () => {
    test('byte order mark, CRLF and a missing final newline come back as they were', async () => {
      await sameBytes(`\ufeff${talk().lines.join('\r\n')}\r\n`)
      await sameBytes(talk().lines.join('\n'))
      await sameBytes(`\ufeff${talk().lines.join('\r\n')}`)
    })

    test('blank lines are passed over', async () => {
      const { lines } = talk()
      const store = await open()
      const path = await file(`\n${lines[0]}\n\n \n${lines[1]}\n\n`)
      const { entries, warnings } = await importClaudeCode(path, store)
      expect({ entries, warnings }).toEqual({ entries: 2, warnings: [] })
      expect((await exportClaudeCode(store, 'session-1')).main.lines).toEqual(lines.slice(0, 2))
    })

    test('a last line that was cut off is reported and kept, wherever it is cut', async () => {
      const whole = `${talk().lines.join('\n')}\n`
      const bytes = Buffer.from(whole)
      for (let cut = bytes.lastIndexOf(10, -2) + 1; cut < bytes.length - 5; cut += 29) {
        const { store, result } = await sameBytes(bytes.subarray(0, cut + 1))
        expect(result.warnings).toEqual([
          { file: 'session-1.jsonl', line: 3, message: expect.stringMatching(/cut off/) },
        ])
        expect((await sameBytes(bytes.subarray(0, cut + 1), store)).result.checkpoints).toBe(0)
        const more = await sameBytes(bytes.subarray(0, cut + 3), store)
        expect(more.result).toMatchObject({ added: 0, checkpoints: 1 })
        const { result: rest, state } = await sameBytes(whole, store)
        expect(rest.warnings).toEqual([])
        expect(state).toEqual((await sameBytes(whole)).state)
      }
    })

    test('a last line that was cut off inside a character comes back byte for byte', async () => {
      const bytes = Buffer.from(talk().lines.slice(0, 2).join('\n'))
      const { store } = await sameBytes(bytes.subarray(0, bytes.indexOf('–') + 1))
      expect((await sameBytes(bytes, store)).result.added).toBe(1)
    })

    test('broken and odd lines in the middle are reported and kept', async () => {
      const [first, second, third] = talk().lines
      const odd = ['{"type":"us', '12', 'null', '"x"', '[1]', '{}', '{"a":1e999}', '{"a":-0}', '{"type":7}']
      const damaged = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n')])
      const bytes = Buffer.concat([
        Buffer.from(`${first}\n${odd.join('\n')}\n`),
        damaged,
        Buffer.from(`${second}\n${third}\n`),
      ])
      const { result, state } = await sameBytes(bytes)
      expect(result.warnings.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 8, 11])
      expect(result.entries).toBe(13)
      expect(state.messages.map(({ content }) => content)).toEqual(['Go', 'Gone – ganz weit', 'Further'])
    })

    test('odd values inside messages come back as they were', async () => {
      const t = new TranscriptBuilder()
      t.prompt('Go', { 'two words': 1, timestamp: 'yesterday', sessionId: 7 })
      t.reply([call('c1', 'Calc', { 10: 'ten', 2: 'two', x: { y: [] } })], { id: 'm1' })
      const lines = [
        ...t.lines,
        '{"type":"user","message":{"role":"user","content":"zero"},"uuid":"z","n":-0,"__proto__":{"a":1}}',
        '{"type":"assistant","message":{"role":"assistant","content":"plain","usage":{"output_tokens":"many"}}}',
        '{"type":"assistant","message":{"role":"assistant","content":[],"id":"m1"},"uuid":"z"}',
        '{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"b"},{"type":"text","text":"c"}]}}',
        '{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"d"}],"n":-0},"uuid":"y"}',
        '{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"e"}]},"timestamp":"2025-01-01T00:00:00+02:00"}',
        '{"type":"user","message":{"role":"user"},"uuid":"w"}',
        '{"type":"user","message":"text","uuid":"w"}',
        '{"type":"user","uuid":"z","message":{"content":"a second z","role":"user"},"timestamp":"2025-01-02T00:00:00Z"}',
        '{"constructor":1,"toString":{"type":"x"},"timestamp":-1}',
      ]
      const { state } = await sameBytes(`${lines.join('\n')}\n`)
      // The same uuid again is a copy, whatever it says.
      expect(state.messages.at(-1)).toMatchObject({ content: 'bcde' })
      expect(({} as Record<string, unknown>).a).toBeUndefined()
    })

    test('a line of many megabytes', async () => {
      const t = new TranscriptBuilder()
      t.prompt('Read the log')
      t.reply([call('c1')])
      t.result('c1', 'line of a log\n'.repeat(600_000), { toolUseResult: { stdout: 'short' } })
      const { state } = await sameBytes(`${t.lines.join('\n')}\n`)
      expect(JSON.stringify(state.messages[2]).length).toBeGreaterThan(8_000_000)
    })

    test('numbers and keys that JSON.parse would change come back as they were', async () => {
      const { lines } = talk()
      const odd = (lines[0] as string).replace(
        /}$/,
        ',"toolUseResult":{"id":9007199254740993},"n":"a","n":"b"}',
      )
      const { state } = await sameBytes(`${odd}\n${lines[1]}\n`)
      expect(state.messages[0]?.content).toBe('Go')
    })

    test('a string that no store takes costs its line, which is named and kept', async () => {
      const [first, second] = talk().lines
      const long = `{"type":"user","message":{"role":"user","content":"x"},"uuid":"u9","out":"${'x'.repeat(53e6)}"}`
      const { result, state } = await sameBytes(`${first}\n${long}\n${second}\n`)
      expect(result.warnings).toEqual([
        { file: 'session-1.jsonl', line: 2, message: expect.stringContaining('string of more than 50 MiB') },
      ])
      expect(state.messages.map(({ content }) => content)).toEqual(['Go', 'Gone – ganz weit'])
    })

    test('a line that is too long for any string is named and left out, and the file goes on', async () => {
      const [first, second] = talk().lines
      const path = await file(`${first}\n`)
      await appendFile(path, Buffer.alloc(129 << 20))
      const store = await open()
      const { warnings } = await importClaudeCode(path, store)
      expect(warnings.map(({ line, message }) => [line, message])).toEqual([
        [2, 'Line 2 is longer than 128 MiB. It is skipped.'],
      ])
      await appendFile(path, `\n${second}\n`)
      expect(await importClaudeCode(path, store)).toMatchObject({ added: 1 })
      expect((await exportClaudeCode(store, 'session-1')).main.lines).toEqual([first, second])
    })

    test('files of other tools, and of other kinds, are refused as such', async () => {
      const store = await open()
      const others = {
        'history.jsonl': '{"display":"Go","timestamp":1767323045000,"project":"/w","sessionId":"session-1"}',
        'rollout.jsonl': '{"timestamp":"2026-01-02T03:04:05Z","type":"session_meta","payload":{"id":"x"}}',
        'pi.jsonl': '{"type":"message","timestamp":1,"message":{"role":"user","content":"Go"}}',
        'notes.jsonl': 'no JSON at all',
        'zeros.jsonl': '\0\0\0\0',
      }
      for (const [name, text] of Object.entries(others)) {
        const refused = importClaudeCode(await file(`${text}\n`, name), store)
        await expect(refused, name).rejects.toThrow(UnsupportedError)
        await expect(refused, name).rejects.toThrow(/is not a session of Claude Code/)
      }
    })

    test('a file without any message, or with nothing at all, is a session too', async () => {
      const lines = [
        '{"type":"summary","summary":"Old work","leafUuid":"x"}',
        '{"type":"mode","mode":"plan"}',
      ]
      const { store, result, state } = await sameBytes(`${lines.join('\n')}\n`)
      expect(result).toMatchObject({ session: 'session-1', turns: 0, messages: 0, checkpoints: 1 })
      expect(state).toMatchObject({ title: 'Old work', messages: [] })
      expect(await subjects(store, 'session-1')).toEqual(['session start'])
      const empty = await sameBytes('')
      expect(empty.result).toMatchObject({ entries: 0, checkpoints: 1 })
      expect((await sameBytes(`${talk().lines.join('\n')}\n`, empty.store)).result.added).toBe(3)
    })

    test('a file that is not there is a clear error', async () => {
      const store = await open()
      await expect(importClaudeCode(join(folder, 'no.jsonl'), store)).rejects.toThrow(StorageError)
      await expect(importClaudeCode(folder, store)).rejects.toThrow(StorageError)
    })

    test('a session that was not imported is left alone', async () => {
      const store = await open()
      await store.save(newSession('session-1'))
      const source = { name: 'x.jsonl', lines: talk().lines }
      await expect(importClaudeCode(source, store)).rejects.toThrow(AlreadyExistsError)
      expect(await importClaudeCode(source, store, { sessionId: 's2' })).toMatchObject({ session: 's2' })
      await expect(exportClaudeCode(store, 'session-1')).rejects.toThrow('not imported from Claude Code')
      await expect(exportClaudeCode(store, 'nobody')).rejects.toThrow(NotFoundError)
    })
  })

  describe('sub-agents', () => {
    /** A session that starts one, and the sub-agent's own entries. */
    function withAgent(inline: boolean) {
      const main = new TranscriptBuilder()
      const agent = inline ? main : new TranscriptBuilder('session-1', 'a')
      const fields = inline ? { isSidechain: true } : { isSidechain: true, agentId: 'x1' }
      main.prompt('Ask somebody')
      const input = { description: 'Count the files', prompt: 'How many files?', subagent_type: 'counter' }
      const [task] = main.reply([call('t1', 'Task', input)])
      agent.parent = null
      agent.prompt('How many files?', fields)
      agent.reply([call('t2')], fields)
      agent.result('t2', 'a b c', fields)
      agent.text('Three.', fields)
      main.parent = task as string
      main.result('t1', [{ type: 'text', text: 'Three.' }])
      main.text('Three files.')
      main.prompt('Thanks')
      return { main, agent }
    }

    const agentRun = (state: Session) => state.runs.find(({ agent }) => agent !== undefined)

    test('one that stands in the session file is a run of the turn, its entries are events', async () => {
      const { store, result, state } = await roundTrip(withAgent(true).main.lines)
      expect(result).toMatchObject({ turns: 2, messages: 5, agents: 0, branches: ['main'] })
      expect(agentRun(state)).toMatchObject({
        id: 'agent-line-3',
        prompt: 'How many files?',
        agent: { id: 'u3', description: 'Count the files', type: 'counter', toolCallId: 't1' },
        status: 'completed',
        usage: { totalTokens: 230 },
      })
      expect(agentRun(state)?.events.map(({ type }) => type)).toEqual([
        'user',
        'assistant',
        'user',
        'assistant',
      ])
      const { runs } = (await store.load('session-1', { at: 'main~1' })) as Session
      expect(runs.map(({ id }) => id)).toEqual(['agent-line-3', 'line-1'])
      expect(state.usage.totalTokens).toBe(460)
    })

    test('a file that ends inside one is all there, and goes on from there', async () => {
      const { lines } = withAgent(true).main
      const { store } = await roundTrip(lines.slice(0, 5))
      expect((await roundTrip(lines.slice(0, 5), store)).result.checkpoints).toBe(0)
      const { state } = await roundTrip(lines, store)
      expect(state.runs.toReversed()).toEqual(expect.arrayContaining((await roundTrip(lines)).state.runs))
    })

    test('those with files of their own are found beside the session and below it, and written out again', async () => {
      const { main, agent } = withAgent(false)
      const path = await file(`${main.lines.join('\n')}\n`)
      const beside = join(dirname(path), 'agent-x1.jsonl')
      const below = join(dirname(path), 'session-1/subagents/deep/agent-x2.jsonl')
      await mkdir(dirname(below), { recursive: true })
      await writeFile(beside, agent.lines.join('\n'))
      await writeFile(below, `${agent.lines.slice(0, 1).join('\n')}\n{"type":"assis`)
      await writeFile(join(dirname(path), 'agent-x3.jsonl'), '{"sessionId":"somebody else"}\n')
      const store = await open()
      const result = await importClaudeCode(path, store)
      expect(result).toMatchObject({ agents: 2, checkpoints: 3, added: 5 + 4 + 1 })
      expect(result.warnings.map(({ file: name, line }) => [name, line])).toEqual([
        ['session-1/subagents/deep/agent-x2.jsonl', 2],
      ])
      const state = (await store.load('session-1')) as Session
      expect(checkSession(state)).toEqual([])
      expect(state.runs.map(({ id }) => id)).toEqual(['agent-x1', 'agent-x2', 'line-1', 'line-5'])
      expect(agentRun(state)).toMatchObject({
        agent: { id: 'x1', description: 'Count the files', type: 'counter', toolCallId: 't1' },
        prompt: 'How many files?',
        usage: { totalTokens: 230 },
      })

      const target = join(folder, 'written', String(files))
      const exported = await exportClaudeCode(store, 'session-1')
      const paths = await writeClaudeCode(exported, target)
      expect(paths.map((one) => one.slice(target.length + 1))).toEqual([
        'session-1.jsonl',
        'agent-x1.jsonl',
        'session-1/subagents/deep/agent-x2.jsonl',
      ])
      for (const one of paths) {
        const original = join(dirname(path), one.slice(target.length + 1))
        expect(await readFile(one)).toEqual(await readFile(original))
      }
      await expect(writeClaudeCode(exported, target)).rejects.toThrow(AlreadyExistsError)
      await writeClaudeCode(exported, target, { overwrite: true })
    })

    test('what a sub-agent got since is added, whether its turn grew or not', async () => {
      const { main, agent } = withAgent(false)
      const store = await open()
      const run = async (mainLines: number, agentLines: number) => {
        const agents =
          agentLines < 0 ? [] : [{ name: 'agent-x1.jsonl', lines: agent.lines.slice(0, agentLines) }]
        const source = { name: 'session-1.jsonl', lines: main.lines.slice(0, mainLines) }
        const result = await importClaudeCode(source, store, { agents })
        const exported = await exportClaudeCode(store, 'session-1')
        expect(exported.agents.map(({ lines }) => lines)).toEqual(agents.map(({ lines }) => lines))
        return result
      }
      await run(2, -1)
      expect(await run(2, 1)).toMatchObject({ added: 1, checkpoints: 1 })
      expect(await run(2, 1)).toMatchObject({ added: 0, checkpoints: 0 })
      expect(await run(3, 3)).toMatchObject({ added: 3, checkpoints: 1 })
      expect(await run(5, 3)).toMatchObject({ added: 2, checkpoints: 2 })
      expect(await run(5, 4)).toMatchObject({ added: 1, checkpoints: 1 })
      expect(await run(5, 4)).toMatchObject({ added: 0, checkpoints: 0 })
      expect((await subjects(store, 'session-1')).slice(1)).toEqual([
        'turn 1: Ask somebody',
        'sub-agent x1: Count the files',
        'turn 1, continued: Ask somebody',
        'turn 1, continued: Ask somebody',
        'turn 2: Thanks',
        'sub-agent x1: Count the files',
      ])
      expect(((await store.load('session-1')) as Session).usage.totalTokens).toBe(460)
      const other = { name: 'agent-x1.jsonl', lines: ['{"type":"other"}', ...agent.lines] }
      const refused = importClaudeCode({ name: 's', lines: main.lines }, store, { agents: [other] })
      await expect(refused).rejects.toThrow(ConflictError)
    })

    test('a file of a sub-agent without its session is a session of its own', async () => {
      const { agent } = withAgent(false)
      const store = await open()
      const path = await file(`${agent.lines.join('\n')}\n`, 'agent-x1.jsonl')
      expect(await importClaudeCode(path, store)).toMatchObject({
        session: 'agent-x1',
        turns: 1,
        messages: 4,
      })
      const { main } = await exportClaudeCode(store, 'agent-x1')
      expect(main.lines).toEqual(agent.lines)
    })
  })

  describe('a folder', () => {
    test('every session with its sub-agents; what cannot be imported does not stop the rest', async () => {
      const root = join(folder, 'projects')
      const write = async (name: string, lines: readonly string[]) => {
        await mkdir(dirname(join(root, name)), { recursive: true })
        await writeFile(join(root, name), `${lines.join('\n')}\n`)
      }
      const session = (id: string) => {
        const t = new TranscriptBuilder(id)
        t.prompt('Go')
        t.text('Gone')
        return t
      }
      await write('p1/one.jsonl', session('one').lines)
      await write('p1/agent-a.jsonl', session('one').lines)
      await write('p1/agent-b.jsonl', session('gone').lines)
      await write('p2/taken.jsonl', session('taken').lines)
      const grown = session('two')
      await write('p2/z-early.jsonl', grown.lines)
      grown.prompt('More')
      await write('p2/a-late.jsonl', grown.lines)
      await writeFile(join(root, 'p2/notes.txt'), 'no transcript')
      const store = await open()
      await store.save(newSession('taken'))
      const found = []
      for await (const result of importClaudeCodeFolder(root, store)) {
        const name = result.path.slice(root.length + 1)
        found.push(
          result.error ? [name, result.error.code] : [name, result.session, result.added, result.agents],
        )
      }
      expect(found).toEqual([
        ['p1/one.jsonl', 'one', 4, 1],
        ['p2/z-early.jsonl', 'two', 2, 0],
        ['p2/a-late.jsonl', 'two', 1, 0],
        ['p2/taken.jsonl', 'ALREADY_EXISTS'],
        ['p1/agent-b.jsonl', 'agent-b', 2, 0],
      ])
    })

    test('a history file beside it does not name a session; a continuation with the same id is one of its own', async () => {
      const root = join(folder, `history-${++files}`)
      const write = async (name: string, ...lines: string[]) => {
        await mkdir(dirname(join(root, name)), { recursive: true })
        await writeFile(join(root, name), `${lines.join('\n')}\n`)
      }
      const continued = new TranscriptBuilder('session-1', 'v')
      continued.prompt('Continued')
      await write('history.jsonl', '{"display":"Go","sessionId":"session-1"}')
      await write('p/a-continuation.jsonl', ...continued.lines)
      await write('p/session-1.jsonl', ...talk().lines)
      const store = await open()
      const found = []
      for await (const { path, error, ...result } of importClaudeCodeFolder(root, store)) {
        found.push([path.slice(root.length + 1), error?.code ?? ('session' in result && result.session)])
      }
      expect(found).toEqual([
        ['history.jsonl', 'UNSUPPORTED'],
        ['p/session-1.jsonl', 'session-1'],
        ['p/a-continuation.jsonl', 'a-continuation'],
      ])
      expect((await store.load('session-1'))?.messages).toHaveLength(3)
    })

    test('folders and files behind links are imported once, and a link to nothing is named', async () => {
      const root = join(folder, `links-${++files}`)
      const elsewhere = join(folder, `elsewhere-${++files}`)
      await mkdir(join(root, 'real'), { recursive: true })
      await mkdir(elsewhere)
      await writeFile(join(root, 'real', 'session-1.jsonl'), talk().lines.join('\n'))
      const other = new TranscriptBuilder('session-2')
      other.prompt('Go')
      await writeFile(join(elsewhere, 'session-2.jsonl'), other.lines.join('\n'))
      await symlink('real', join(root, 'a-link'))
      await symlink('..', join(root, 'real', 'round'))
      await symlink(elsewhere, join(root, 'outside'))
      await symlink(join(elsewhere, 'session-2.jsonl'), join(root, 'z.jsonl'))
      await symlink('nowhere', join(root, 'gone.jsonl'))
      await symlink('loop.jsonl', join(root, 'loop.jsonl'))
      const found = []
      for await (const { path, error } of importClaudeCodeFolder(root, await open())) {
        found.push([path.slice(root.length + 1), error?.code])
      }
      expect(found).toEqual([
        ['gone.jsonl', 'STORAGE'],
        ['loop.jsonl', 'STORAGE'],
        ['real/session-1.jsonl', undefined],
        ['outside/session-2.jsonl', undefined],
      ])
    })

    test('a second import of a folder with an older copy adds nothing and fails nowhere', async () => {
      const root = join(folder, `copies-${++files}`)
      for (const [name, lines] of [
        ['a', talk().lines.slice(0, 1)],
        ['b', talk().lines],
        ['c', talk().lines.slice(0, 2)],
      ] as const) {
        await mkdir(join(root, name), { recursive: true })
        await writeFile(join(root, name, 'session-1.jsonl'), `${lines.join('\n')}\n`)
      }
      const store = await open()
      const importAll = async () => {
        const all = []
        for await (const one of importClaudeCodeFolder(root, store))
          all.push('added' in one ? one.added : one.error)
        return all
      }
      expect(await importAll()).toEqual([1, 1, 1])
      expect(await importAll()).toEqual([0, 0, 0])
      expect(await store.branches('session-1')).toHaveLength(1)
    })

    test('a folder without any transcript is an error that says so', async () => {
      const store = await open()
      const all = importClaudeCodeFolder(join(folder, 'nothing'), store)
      await expect(all.next()).rejects.toThrow(/There is no .jsonl file/)
    })
  })

  describe('the session of the demo', () => {
    test('has twelve turns, a branch, a sub-agent and an image', async () => {
      const store = await open()
      const result = await importClaudeCode(demo, store)
      expect(result).toMatchObject({
        title: 'Newlines inside quotes',
        turns: 13,
        branches: ['main', 'rewind-1'],
        agents: 1,
        warnings: [],
      })
      const main = await subjects(store, result.session)
      expect(main).toHaveLength(13)
      expect(main[5]).toMatch(/^turn 5: Forget about speed/)
      expect((await subjects(store, result.session, 'rewind-1')).at(-1)).toMatch(/^turn 5: Make it faster/)
      const state = (await store.load(result.session)) as Session
      expect(
        state.messages.flatMap(({ parts = [] }) => parts).filter(({ type }) => type === 'image'),
      ).toHaveLength(1)
      expect(state.runs.map(({ status }) => status)).toContain('interrupted')
      const exported = await exportClaudeCode(store, result.session)
      expect(exported.main.bytes()).toEqual(await readFile(demo))
      for (const { name, bytes } of exported.agents) {
        expect(bytes()).toEqual(await readFile(join(dirname(demo), name)))
      }
      expect(exported.agents).toHaveLength(1)
    })

    test('gives back what an earlier checkpoint held', async () => {
      const store = await open()
      const { session } = await importClaudeCode(demo, store)
      const { main } = await exportClaudeCode(store, session, { at: 'rewind-1' })
      const lines = (await readFile(demo, 'utf8')).split('\n')
      expect(main.lines).toEqual(lines.slice(0, main.lines.length))
      expect(main.lines.length).toBeLessThan(lines.length)
    })
  })
})
