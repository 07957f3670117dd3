import { EventEmitter, once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { serve } from '../../src/cli/serve/server.ts'
import { GitSessionStore, newMessage, newSession } from '../../src/index.ts'
import { configOf, startServer, temporaryFolder } from '../agent/agent-context.ts'
import type { Script } from '../support/model-server.mjs'
import { type Message, RawClient } from './serve-client.ts'

const clients: RawClient[] = []
afterAll(async () => {
  for (const client of clients) await client.end()
})

async function start(): Promise<{ client: RawClient; folder: string }> {
  const folder = await temporaryFolder()
  const client = new RawClient(folder)
  clients.push(client)
  return { client, folder }
}

const demo = (texts: readonly string[] = []) => ({
  ...newSession('demo'),
  messages: texts.map((text) => newMessage('user', text)),
})

describe('stores', () => {
  test('a store redacts if it is asked to, and a git store tells which secrets it holds', async () => {
    const { client } = await start()
    const token = `ghp_${'a1B2'.repeat(9)}`
    const save = async (options: object) => {
      const { store } = await client.call('store.create', options)
      await client.call('store.save', { store, state: demo([`it is ${token}`]) })
      return store
    }
    const clean = await save({ kind: 'git', folder: 'clean', redact: 'secrets' })
    expect((await client.call('store.scan', { store: clean })).items).toEqual([])
    const { state } = await client.call('store.load', { store: clean, session: 'demo' })
    expect(state.messages[0].content).toMatch(/^it is \[redacted:github:[0-9a-f]{8}\]$/)
    const leaky = await save({ kind: 'git', folder: 'leaky' })
    const { items } = await client.call('store.scan', { store: leaky, session: 'demo' })
    expect(items[0]).toMatchObject({ session: 'demo', rule: 'github' })
    expect(JSON.stringify(items)).not.toContain(token)
    const memory = await save({ kind: 'memory', redact: 'secrets' })
    await expect(client.call('store.scan', { store: memory })).rejects.toMatchObject({
      data: { code: 'UNSUPPORTED' },
    })
    await expect(client.call('store.create', { kind: 'memory', sign: { key: 'a' } })).rejects.toThrow()
  })

  test('a state that was loaded is saved on what it was loaded from, and one from elsewhere is refused', async () => {
    const { client, folder } = await start()
    const { store, supports } = await client.call('store.create', { kind: 'git', folder: 'sessions' })
    expect(supports.history).toBe(true)
    const first = await client.call('store.save', { store, state: demo(['one']), hold: true })
    const { position } = first
    const state = demo(['one', 'two'])
    await client.call('store.save', { store, state, position })
    const loaded = await client.call('store.load', { store, session: 'demo', hold: true })
    expect(loaded.state).toEqual(state)
    const stale = { ...state, title: 'mine' }
    await expect(client.call('store.save', { store, state: stale })).rejects.toMatchObject({
      code: -32000,
      data: { name: 'ConflictError', code: 'CONFLICT', session: 'demo', branch: 'main' },
    })
    await client.call('store.append', { store, session: 'demo', addition: { set: { title: 'theirs' } } })
    await expect(
      client.call('store.save', { store, state: stale, position: loaded.position }),
    ).rejects.toMatchObject({ data: { code: 'CONFLICT' } })
    const elsewhere = new GitSessionStore(join(folder, 'sessions'))
    expect((await elsewhere.load('demo'))?.title).toBe('theirs')
    await elsewhere.close()
    expect((await client.call('store.verify', { store })).ok).toBe(true)
  })

  test('iterators come in pages, and handles hold a position', async () => {
    const { client } = await start()
    const { store } = await client.call('store.create', { kind: 'memory' })
    await client.call('store.save', { store, state: demo() })
    for (let turn = 0; turn < 4; turn++) {
      const addition = { messages: [newMessage('user', `turn ${turn}`)] }
      await client.call('store.append', { store, session: 'demo', addition })
    }
    const page = await client.call('store.log', { store, session: 'demo', page: 3 })
    expect(page.items).toHaveLength(3)
    const rest = await client.call('cursor.next', { cursor: page.cursor, page: 3 })
    expect(rest.items).toHaveLength(2)
    expect(rest.cursor).toBeUndefined()
    const { handle, checkpoint } = await client.call('store.open', { store, session: 'demo' })
    expect(checkpoint.seq).toBe(5)
    await client.call('store.append', { store, session: 'demo', addition: { set: { title: 'x' } } })
    const late = client.call('handle.append', { handle, addition: { set: { title: 'y' } } })
    await expect(late).rejects.toMatchObject({ data: { code: 'CONFLICT' } })
    const options = { branch: 'mine' }
    const own = await client.call('handle.append', { handle, addition: { set: { title: 'y' } }, options })
    expect(own.branch).toBe('mine')
    expect((await client.call('handle.state', { handle })).title).toBe('y')
  })

  test('-0, keys such as __proto__ and halves of pairs survive both ways', async () => {
    const { client } = await start()
    const { store } = await client.call('store.create', { kind: 'memory' })
    const text = JSON.stringify(demo()).replace(
      /\}$/,
      ',"odd":{"__proto__":{"a":1},"zero":-0,"half":"\\ud800"}}',
    )
    client.write(
      `{"jsonrpc":"2.0","id":"x","method":"store.save","params":{"store":"${store}","state":${text}}}\n`,
    )
    expect(await client.answerTo('x')).toHaveProperty('result.checkpoint')
    const { state } = await client.call('store.load', { store, session: 'demo' })
    expect(Object.is(state.odd.zero, -0)).toBe(true)
    expect(Object.keys(state.odd)).toEqual(['__proto__', 'zero', 'half'])
    expect(state.odd.half).toBe('\ud800')
  })
})

describe('what is not a call', () => {
  test('every method refuses parameters that do not fit, and says which', async () => {
    const { client } = await start()
    const { methods } = await client.call('hello')
    expect(methods.length).toBeGreaterThan(50)
    for (const method of methods) {
      const error = await client.call(method, { nonsense: 1 }).catch((problem) => problem)
      expect({ method, code: error.code, name: error.data?.name }).toEqual({
        method,
        code: -32602,
        name: 'TypeError',
      })
    }
  })

  test('garbage, batches, unknown methods and a wrong version get errors, and the next call works', async () => {
    const { client } = await start()
    const wrong: [string | Uint8Array, number][] = [
      ['{"jsonrpc":\n', -32700],
      [new Uint8Array([0xff, 0xfe, 10]), -32600],
      ['[]\n', -32600],
      ['{"id":null}\n', -32600],
      ['{"jsonrpc":"1.0","id":null,"method":"hello"}\n', -32600],
    ]
    for (const [text, code] of wrong) {
      const answer = client.answerTo(null)
      client.write(text)
      expect((await answer).error.code).toBe(code)
    }
    await expect(client.call('nothing')).rejects.toMatchObject({ code: -32601 })
    await expect(client.call('hello', { protocol: 99 })).rejects.toMatchObject({ code: -32602 })
    await expect(client.call('store.stats', { store: 'store:99' })).rejects.toMatchObject({
      data: { code: 'NOT_FOUND' },
    })
    expect((await client.call('hello')).protocol).toBe(1)
  })

  test('a line that is too long is refused, and the next one is read', async () => {
    const output = new PassThrough()
    const input = Readable.from([
      Buffer.from(`{"jsonrpc":"2.0","id":1,"pad":"${'x'.repeat(500)}`),
      Buffer.from(`${'x'.repeat(500)}"}\n{"jsonrpc":"2.0","id":2,"method":"hello"}\n`),
    ])
    await serve(input, output, { version: '0', longestLine: 400 })
    output.end()
    const lines = (await text(output))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Message)
    expect(lines.map(({ id, error }) => [id, error?.code])).toEqual([
      [null, -32600],
      [2, undefined],
    ])
  })
})

describe('agents', () => {
  async function agentOf(client: RawClient, folder: string, script: Script) {
    const model = await startServer(script)
    const config = join(folder, 'config.json')
    await writeFile(config, '')
    const { store } = await client.call('store.create', { kind: 'git', folder: 'sessions' })
    const { agent } = await client.call('agent.create', {
      source: configOf(model),
      options: { sessionStore: store },
    })
    return { agent, store }
  }

  test('permission questions and tools of the client belong to the request of their turn', async () => {
    const { client, folder } = await start()
    const { agent } = await agentOf(client, folder, [
      { calls: [{ id: 'call00001', name: 'add', input: { a: 1, b: 2 } }] },
      { text: 'It is 3.' },
    ])
    const tools = [{ name: 'add', inputSchema: { type: 'object' } }]
    const options = { asksPermission: true, tools, sessionId: 's' }
    const { session } = await client.call('agent.session', { agent, workspace: '.', options })
    const asked: Message[] = []
    client.onRequest = ({ method, params }) => {
      asked.push([method, params.request, params.tool, params.input])
      return method === 'permission' ? 'allow' : params.input.a + params.input.b
    }
    const { id, answer } = client.send('session.stream', { session, prompt: 'What is 1 + 2?' })
    const { result } = await answer
    expect(result.text).toBe('It is 3.')
    expect(asked).toEqual([
      ['permission', id, 'add', { a: 1, b: 2 }],
      ['tool', id, 'add', { a: 1, b: 2 }],
    ])
    const events = client.received.filter(({ method }) => method === 'event').map(({ params }) => params)
    expect(events.every(({ request }) => request === id)).toBe(true)
    expect(events.map(({ event }) => event.type)).toContain('tool-end')
    expect(await client.call('session.history', { session })).toHaveLength(4)
  })

  test('$cancel ends the turn, and so does the end of the input; both are saved', async () => {
    const { client, folder } = await start()
    const asked = new EventEmitter()
    const { agent } = await agentOf(client, folder, () => {
      asked.emit('asked')
      return { text: ['I ', 'am '], fault: { kind: 'hang' } }
    })
    const open = (sessionId: string) =>
      client.call('agent.session', { agent, workspace: '.', options: { sessionId } })
    const { session } = await open('one')
    const first = once(asked, 'asked')
    const { id, answer } = client.send('session.send', { session, prompt: 'Go' })
    await first
    client.write(`{"jsonrpc":"2.0","method":"$cancel","params":{"id":${id}}}\n`)
    expect((await answer).result.run.status).toBe('cancelled')
    const other = (await open('two')).session
    const second = once(asked, 'asked')
    const last = client.send('session.send', { session: other, prompt: 'Go' })
    await second
    expect(await client.end()).toBe(0)
    expect((await last.answer).result.run.status).toBe('cancelled')
    const store = new GitSessionStore(join(folder, 'sessions'))
    expect((await store.load('two'))?.runs[0]?.status).toBe('cancelled')
    await store.close()
  })

  test('a failed turn is an error that carries the turn', async () => {
    const { client, folder } = await start()
    const { agent } = await agentOf(client, folder, [{ fault: { kind: 'status', status: 400 } }])
    const { session } = await client.call('agent.session', { agent, workspace: '.' })
    await expect(client.call('session.send', { session, prompt: 'Go' })).rejects.toMatchObject({
      data: { name: 'ModelError', code: 'MODEL', reason: 'refused', turn: { run: { status: 'failed' } } },
    })
  })
})
