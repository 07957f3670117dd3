/** Whatever a session went through, no provider refuses its history: the local model server checks it as they do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Agent } from '../../src/agent/index.ts'
import { type Message, newMessage, newRun, newSession, type Run } from '../../src/state/index.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import type { ModelServer, Script } from '../support/model-server.mjs'
import { KEY, QUICK, startServer, workspaceWith } from './agent-context.ts'

const MODELS = ['openai/a', 'openai/b', 'openai/no-tools', 'anthropic/a', 'anthropic/b', 'anthropic/no-tools']
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

async function providers(script: Script = []) {
  const server = await startServer(script)
  const models = { a: {}, b: {}, 'no-tools': { tool_call: false } }
  const provider = { api_key: KEY, base_url: server.url, models }
  const store = new MemorySessionStore()
  const agent = await Agent.create(
    { default_model: 'openai/a', providers: { openai: provider, anthropic: provider } },
    { sessionStore: store, limits: QUICK, permissionPolicy: { defaultDecision: 'allow' } },
  )
  return { agent, server, store }
}

/** Sends a prompt after a stored history, to each model; gives what each was sent. */
async function sentTo(models: readonly string[], messages: Message[], runs: Run[] = []) {
  const { agent, server, store } = await providers()
  const sent: Record<string, ModelServer['requests'][number]['body']> = {}
  for (const [index, model] of models.entries()) {
    await store.save(newSession(`s${index}`, { messages, runs, workspace: await workspaceWith() }))
    const session = await agent.resumeSessionAsync(`s${index}`, { model })
    await session.send('And now?')
    sent[model] = server.requests.at(-1)!.body
    // Stored as it was: what cannot be sent is mended when it is sent.
    expect(session.history().slice(0, messages.length)).toEqual(messages)
    expect((await store.load(`s${index}`))!.messages.slice(0, messages.length)).toEqual(messages)
  }
  expect(server.problems).toEqual([])
  return sent
}

const user = (content: string, fields: Partial<Message> = {}) => newMessage('user', content, fields)
const assistant = (parts: Message['parts'], fields: Partial<Message> = {}) =>
  newMessage('assistant', '', { parts: parts!, ...fields })
const call = (toolCallId: string, toolName = 'ls', input: unknown = {}) => ({
  type: 'tool-call',
  toolCallId,
  toolName,
  input,
})
const result = (toolCallId: string, output: unknown = { type: 'text', value: 'ok' }) =>
  newMessage('tool', '', { parts: [{ type: 'tool-result', toolCallId, toolName: 'ls', output }] })
const text = (value: string) => ({ type: 'text', text: value })

describe('a history is accepted by every provider', () => {
  test.each<[string, Message[]]>([
    [
      'blank texts',
      [
        user(' \n'),
        assistant([text('\n\n')]),
        user('x'),
        assistant([text(' '), text('y'), text('\u200b\ufeff')]),
      ],
    ],
    [
      'blanks beside calls',
      [user('x'), assistant([text(' \t'), call('c1')]), result('c1', { type: 'text', value: ' \n' })],
    ],
    ['empty parts', [user('x', { parts: [] }), assistant([]), user('', { parts: [text('')] })]],
    ['an assistant that begins, twice', [assistant([text('hello')]), assistant([text('again')])]],
    ['nobody but the user', [user('a'), user('b'), user('c')]],
    [
      'system messages anywhere',
      [
        newMessage('system', 'be kind'),
        user('x'),
        newMessage('system', ' '),
        assistant([text('y')]),
        newMessage('system', 'be brief'),
      ],
    ],
    [
      'ids used again',
      [
        user('x'),
        assistant([call('call_0')]),
        result('call_0'),
        assistant([call('call_0')]),
        result('call_0'),
        assistant([text('y')]),
      ],
    ],
    ['one id for two calls', [user('x'), assistant([call('c'), call('c')]), result('c')]],
    [
      'ids no provider takes',
      [
        user('x'),
        assistant([call('functions.ls:0'), call(''), call('x'.repeat(80))]),
        result('functions.ls:0'),
        result(''),
      ],
    ],
    [
      'names no provider takes',
      [
        user('x'),
        assistant([
          call('c1', 'mcp/files.read it'),
          call('c2', ''),
          call('c3', 'n'.repeat(99)),
          call('c4', 'constructor'),
        ]),
      ],
    ],
    [
      'inputs that are no objects',
      [
        user('x'),
        assistant([
          call('c1', 'ls', 'text'),
          call('c2', 'ls', [1]),
          call('c3', 'ls', null),
          call('c4', 'ls', undefined),
        ]),
      ],
    ],
    [
      'results without calls, calls without results',
      [
        user('x'),
        result('nowhere'),
        assistant([call('c1'), call('c2')]),
        result('c2'),
        result('c2'),
        user('y'),
        result('c1'),
      ],
    ],
    ['a user right after results', [user('x'), assistant([call('c1')]), result('c1'), user('stop that')]],
    [
      'outputs of every kind',
      [
        user('x'),
        assistant(['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'].map((id) => call(id))),
        result('c1', { type: 'execution-denied', reason: ' ' }),
        result('c2', { type: 'json' }),
        result('c3', { type: 'content', value: [] }),
        result('c4', {
          type: 'content',
          value: [text(''), { type: 'image-data', data: 'PHN2Zz4=', mediaType: 'image/svg+xml' }],
        }),
        result('c5', {
          type: 'content',
          value: [
            { type: 'image-data', data: PNG, mediaType: 'image/jpeg' },
            { type: 'media', data: PNG, mediaType: 'image/png' },
          ],
        }),
        result('c6', 'a bare text'),
        result('c7', { type: 'from-the-future', value: { ever: 1 } }),
      ],
    ],
    [
      'files of every kind',
      [
        user('x', {
          parts: [
            { type: 'image', image: 'not base64!' },
            { type: 'image', image: `data:image/jpeg;base64,${PNG}` },
            { type: 'file', data: 'Qk0=', mediaType: 'image/bmp' },
            { type: 'file', data: 'YSxi', mediaType: 'text/csv', filename: 'a.csv' },
            { type: 'file', data: 'UEsD', mediaType: 'application/zip' },
            { type: 'file', data: 'AAAA' },
            { type: 'image' },
          ],
        }),
        assistant([{ type: 'file', data: PNG, mediaType: 'image/png' }]),
      ],
    ],
    [
      'thoughts without an answer',
      [
        user('x'),
        assistant([{ type: 'reasoning', text: 'hm' }]),
        user('y'),
        assistant([text('z'), { type: 'reasoning', text: 'hm' }]),
      ],
    ],
    [
      'parts that nobody knows',
      [
        user('x', { parts: [{ type: 'data-weather', data: {} }] }),
        assistant([{ type: 'step-start' }, { type: 'text' }, { type: 'tool-call' }]),
      ],
    ],
    [
      'provider options that are none',
      [
        user('x', { parts: [{ ...text('x'), providerOptions: null }] }),
        assistant([{ ...text('y'), providerOptions: { a: 1 } }]),
      ],
    ],
    [
      'halves of characters and NULs',
      [
        user('half \ud83d'),
        assistant([call('c\0', 'ls', { '\ud83d': ['\0'] })]),
        result('c\0', { type: 'json', value: ['\udc00'] }),
      ],
    ],
  ])('with %s', async (_, messages) => {
    await sentTo(MODELS, messages)
  })

  test('whatever is in it', async () => {
    const random = seeded(7)
    const pick = <T>(items: readonly T[]): T => items[random(items.length)]!
    const ids = ['c1', 'c2', 'call_0', '', 'x.y', 'toolu_1', 'é'.repeat(50)]
    const texts = ['', ' ', '\n', 'some text', 'half \ud83d', '\0', '\u200b', '[secret]', ' padded ']
    const outputs = [
      { type: 'text', value: '' },
      { type: 'json', value: null },
      { type: 'content', value: [] },
      undefined,
      'x',
      { type: 'error-text', value: 'no' },
    ]
    const runs = [
      newRun('Go', { id: 'r1', model: 'anthropic/a' }),
      newRun('Go', { id: 'r2', model: 'openai/b' }),
    ]
    for (const run of runs) run.status = 'completed'
    const part = () =>
      pick([
        () => text(pick(texts)),
        () => call(pick(ids), pick(['ls', 'x y', '', 'toString']), pick([{}, { a: '\0' }, 'x', null])),
        () => ({
          type: 'reasoning',
          text: pick(texts),
          providerOptions: pick([undefined, { anthropic: { signature: 'of someone' } }]),
        }),
        () => ({
          type: 'file',
          data: pick([PNG, 'AAAA', '']),
          mediaType: pick(['image/png', 'image/tiff', 'text/plain', undefined]),
        }),
        () => ({ ...call(pick(ids)), providerExecuted: true }),
        () => ({ type: 'tool-result', toolCallId: pick(ids), toolName: 'ls', output: pick(outputs) }),
      ])()
    for (let round = 0; round < 25; round++) {
      const messages = Array.from({ length: 1 + random(8) }, () => {
        const fields = {
          parts: Array.from({ length: random(5) }, part),
          run: pick(['r1', 'r2']),
          ...pick([{}, { model: 'nobody/x' }]),
        }
        const role = pick(['user', 'assistant', 'assistant', 'tool', 'tool', 'system'] as const)
        return newMessage(role, pick(texts), JSON.parse(JSON.stringify(fields)))
      })
      await sentTo(MODELS, messages, runs)
    }
  })
})

describe('what is sent', () => {
  test('keeps ids that are fine for the model that made them, and gives others the same one each time', async () => {
    const fields = { model: 'openai/a' }
    const messages = [
      user('x'),
      assistant([call('call_0')], fields),
      result('call_0'),
      assistant([call('call_0')], fields),
      result('call_0'),
      assistant([text('y')], fields),
    ]
    const idsOf = (body: { messages: { tool_calls?: { id: string }[]; tool_call_id?: string }[] }) =>
      body.messages.flatMap(({ tool_calls = [], tool_call_id }) =>
        [...tool_calls.map(({ id }) => id), tool_call_id ?? []].flat(),
      )
    const first = idsOf((await sentTo(['openai/a'], messages))['openai/a'])
    expect(first).toEqual(['call_0', 'call_0', first[2], first[2]])
    expect(first[2]).toMatch(/^[a-zA-Z0-9]{9}$/)
    expect(idsOf((await sentTo(['openai/a'], messages))['openai/a'])).toEqual(first)
    for (const id of idsOf((await sentTo(['openai/b'], messages))['openai/b']))
      expect(id).toMatch(/^[a-zA-Z0-9]{9}$/)
  })

  test('says what was done in words to a model without tools', async () => {
    const messages = [
      user('x'),
      assistant([text('I look.'), call('c1', 'ls', { path: 'src' })]),
      result('c1'),
      assistant([text('There.')]),
    ]
    const { messages: sent } = (await sentTo(['openai/no-tools'], messages))['openai/no-tools']
    expect(sent.map(({ content, role }: { content: string; role: string }) => [role, content])).toEqual([
      ['user', 'x'],
      ['assistant', 'I look.[called ls with {"path":"src"}]'],
      ['user', '[ls gave: ok]'],
      ['assistant', 'There.'],
      ['user', 'And now?'],
    ])
  })

  test('puts what is of the system at the start', async () => {
    const messages = [user('x'), newMessage('system', 'Be brief.'), assistant([text('y')])]
    const sent = await sentTo(['openai/a', 'anthropic/a'], messages)
    expect(sent['openai/a'].messages[0]).toEqual({ role: 'system', content: 'Be brief.' })
    expect(sent['anthropic/a'].system).toEqual([{ type: 'text', text: 'Be brief.' }])
  })

  test('has a picture where the model can see it, with its true type, and a note where not', async () => {
    const parts = [
      { type: 'image', image: PNG, mediaType: 'image/jpeg' },
      { type: 'file', data: 'UEsD', mediaType: 'application/zip', filename: 'a.zip' },
    ]
    const sent = await sentTo(['openai/a', 'anthropic/a'], [user('', { parts }), assistant([text('y')])])
    expect(sent['anthropic/a'].messages[0].content).toEqual([
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
      { type: 'text', text: '[a.zip, application/zip: left out, this model cannot read it]' },
    ])
    expect(sent['openai/a'].messages[0].content[0].image_url.url).toBe(`data:image/png;base64,${PNG}`)
  })

  test('has thoughts for the model that thought them, and for no other', async () => {
    const { agent, server, store } = await providers(({ body }, index) =>
      body.messages.at(-1).role === 'tool' || index % 2 === 1
        ? { reasoning: 'then', text: 'Done.' }
        : { reasoning: 'first', text: 'I look.', calls: [{ name: 'ls', input: {} }] },
    )
    const workspace = await workspaceWith()
    await agent.session(workspace, { sessionId: 'a', model: 'anthropic/a' }).send('One')
    const inTurn = server.requests.at(-1)!.body.messages[1].content.map(({ type }: { type: string }) => type)
    expect(inTurn).toEqual(['thinking', 'text', 'tool_use'])
    for (const model of ['anthropic/a', 'anthropic/b', 'openai/a', 'anthropic/a', 'openai/a']) {
      await agent.resumeSession('a', { model }).send(`To ${model}`)
    }
    expect(server.problems).toEqual([])
    const thoughts = server.requests.map(
      ({ body }) => (JSON.stringify(body.messages).match(/"thinking"|"reasoning_content"/g) ?? []).length,
    )
    expect(thoughts[2]).toBeGreaterThan(0)
    // Over the other protocol only what belongs to the turn under way.
    const openai = server.requests.filter(({ protocol }) => protocol === 'openai')
    for (const { body } of openai) {
      const last = body.messages.findLastIndex(({ role }: { role: string }) => role === 'user')
      for (const [index, message] of body.messages.entries()) {
        if (message.reasoning_content !== undefined) expect(index).toBeGreaterThan(last)
      }
    }
    expect(JSON.stringify(openai[1]!.body)).toContain('reasoning_content')
    expect(
      (await store.load('a'))!.messages.filter(({ role }) => role === 'assistant').map(({ model }) => model),
    ).toContain('anthropic/b')
  })
})

test('cancels, failures and changes of the model in any order leave a history that every provider takes', async () => {
  const random = seeded(11)
  const script: Script = () => {
    const step = random(9)
    if (step < 3) {
      const calls = [0, 1, 2].slice(random(3)).map((n) => ({
        id: ['call_0', 'call_0', `c.${n}`, `id-${n}`][random(4)]!,
        name: ['bash', 'ls', 'no such/tool'][random(3)]!,
        input: [{ command: 'echo hi; sleep 0.03' }, {}, '{"broken'][random(3)],
      }))
      return {
        reasoning: random(2) === 0 ? 'hm' : '',
        text: ['', ' ', 'I look.'][random(3)]!,
        calls,
        pace: random(3),
      }
    }
    if (step === 3) return { fault: { kind: 'status', status: 400 } }
    if (step === 4) return { text: 'word '.repeat(20), fault: { kind: 'drop', after: random(5) } }
    if (step === 5) return { text: 'word '.repeat(20), fault: { kind: 'hang' }, pace: 2 }
    return {
      reasoning: random(2) === 0 ? 'so' : '',
      text: ['', '\n\n', 'Done.', 'word '.repeat(30)][random(4)]!,
      pace: random(3),
    }
  }
  const { agent, server, store } = await providers(script)
  const workspace = await workspaceWith({ 'a.txt': 'x' })
  await agent
    .session(workspace, { sessionId: 'a' })
    .send('Begin')
    .catch(() => {})
  for (let turn = 0; turn < 40; turn++) {
    const session = await agent.resumeSessionAsync('a', {
      model: MODELS[random(MODELS.length)]!,
      maxSteps: 4,
    })
    const before = session.history()
    const last = (await session.runs()).at(-1)!
    const abort = new AbortController()
    if (random(3) === 0) sleep(random(80)).then(() => abort.abort())
    else sleep(2500).then(() => abort.abort())
    const work =
      last.status === 'failed' && random(2) === 0
        ? session.resumeRun(last.id, { signal: abort.signal })
        : session.send(['Go', ' ', 'On'][random(3)]!, { signal: abort.signal })
    await work.catch(() => {})
    expect(session.history().slice(0, before.length)).toEqual(before)
    expect(server.problems).toEqual([])
  }
  expect((await store.load('a'))!.messages.length).toBeGreaterThan(40)
}, 180_000)

/** Pseudo-random whole numbers below a limit. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648
    return Math.floor((state / 2147483648) * below)
  }
}
