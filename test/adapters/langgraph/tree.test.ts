/** How checkpoints lie in git: what people read there, and how much a save writes. */
import { AIMessage, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { JsonPlusSerializer, type SerializerProtocol } from '@langchain/langgraph-checkpoint'
import { describe, expect, test } from 'vitest'
import { InvalidStateError } from '../../../src/index.ts'
import { at, checkpointOf, idOf, metadataOf, Run, useStore } from './context.ts'

const context = useStore()

const human = (id: string, content: string) => new HumanMessage({ id, content })
const ai = (id: string, content: string) => new AIMessage({ id, content })

describe('in git', () => {
  test('each message is a file, and so is each other channel', async () => {
    const saver = context.open()
    const run = new Run(saver, at('review'))
    const messages = [human('1', 'Look at\nthe tests'), ai('2', 'They pass')]
    await run.put({ messages, count: 1, 'branch:to:plan': null, flags: [1, 2], none: [] }, 'input')
    const files = context.git('ls-tree', '-r', '--name-only', 'review/main').trim().split('\n')
    expect(files).toEqual([
      '.gitattributes',
      'README.md',
      'branch-to-plan_eff138b686/0000/000000.json',
      'count/0000/000000.json',
      'flags/0000/000000.json',
      'messages/0000/000000-human.json',
      'messages/0000/000000-turn-1.md',
      'messages/0000/000001-ai.json',
      'session.json',
    ])
    expect(context.git('show', 'review/main:messages/0000/000000-turn-1.md')).toContain('> They pass')
    expect(context.git('show', 'review/main:count/0000/000000.json')).toBe('1\n')
    expect(context.git('show', 'review/main:messages/0000/000000-human.json')).toContain(
      '"content": {"$lines": [\n      "Look at",\n      "the tests"\n    ]}',
    )
    const state = (await saver.store.load('review')) as Record<string, unknown>
    expect(state).toMatchObject({ type: 'langgraph', id: 'review', title: 'Look at the tests', none: [] })
    expect(state.messages).toHaveLength(2)
    expect(state.flags).toEqual([[1, 2]])
    expect(await saver.store.verify()).toMatchObject({ ok: true, checkpoints: 1 })
  })

  test('the author of a step is the model that a new message names', async () => {
    const run = new Run(context.open(), at('review'))
    const asked = [human('1', 'Look')]
    await run.put({ messages: asked }, 'input')
    const answer = new AIMessage({
      id: '2',
      content: 'Done',
      response_metadata: { model_name: 'some-model' },
    })
    await run.put({ messages: [...asked, answer] })
    await run.put({ messages: [...asked, answer], count: 1 })
    const authors = context.git('log', '--format=%an <%ae>', 'review/main').trim().split('\n')
    const forkpoint = 'forkpoint <forkpoint@localhost>'
    expect(authors).toEqual([forkpoint, 'some-model <noreply@forkpoint.invalid>', forkpoint])
  })

  test('a step changes the lines that it changed', async () => {
    const run = new Run(context.open(), at('review'))
    const first = [human('1', 'Look')]
    await run.put({ messages: first, count: 1, big: { kept: 'x'.repeat(10_000) } }, 'input')
    await run.put({ messages: [...first, ai('2', 'Done')], count: 2 })
    const changed = context.git('diff', '--name-status', 'review/main~1', 'review/main').trim()
    expect(changed).toBe(
      'M\tcount/0000/000000.json\nA\tmessages/0000/000001-ai.json\nA\tmessages/0000/000001-turn-2.md\nM\tsession.json',
    )
    expect(context.git('diff', 'review/main~1', 'review/main', '--', 'count')).toContain('-1\n+2\n')
  })

  test('a page has what its checkpoint added, changed and removed', async () => {
    const saver = context.open()
    const run = new Run(saver, at('review'))
    const many = Array.from({ length: 150 }, (_, n) => human(`${n}`, `Question ${n}`))
    await run.put({ messages: many.slice(0, 90) }, 'input')
    await run.put({ messages: many })
    await run.put({ messages: [...many.slice(0, 149), human('149', 'Changed')] })
    await run.put({ messages: many.slice(0, 140) })
    await run.put({ messages: [...many.slice(0, 140), ai('a', 'Answer')] })
    const pages = ['90-turn-2', '149-turn-3', '140-turn-5'].map((name) => {
      const folder = name.startsWith('90') ? '0000' : '0001'
      const commit = { 2: 'review/main~3', 3: 'review/main~2', 5: 'review/main' }[name.at(-1)!]
      return context.git('show', `${commit}:messages/${folder}/${name.padStart(13, '0')}.md`)
    })
    expect(pages[0]).toContain('> Question 90\n')
    expect(pages[0]).toContain('> Question 149\n')
    expect(pages[0]).not.toContain('> Question 89\n')
    expect(pages[1]).toContain('> Changed\n')
    expect(pages[2]).toContain('> Answer\n')
    expect(await saver.store.verify()).toMatchObject({ ok: true, checkpoints: 5 })
  })

  test('the log tells what happened', async () => {
    const saver = context.open()
    const run = new Run(saver, at('review'))
    const messages = [human('1', 'Look at the tests')]
    await run.put({ __start__: { messages } }, 'input')
    await run.put({ messages, __start__: undefined })
    await saver.putWrites(run.config, [['messages', [ai('2', 'They pass')]]], 'task', '~__pregel_pull, check')
    await run.put({ messages: [...messages, ai('2', 'They pass')] })
    const log = (line: string) => context.git('log', '--format=%s', line).trim().split('\n')
    expect(log('review/main')).toEqual([
      'step 1 node: They pass',
      'step 0 node: Look at the tests',
      'input node: Look at the tests'.replace(' node', ''),
    ])
    expect(log('review/_writes')).toEqual([
      expect.stringMatching(/^writes of check for [0-9a-f]{8}-[0-9a-f]{4}: messages$/),
    ])
    const trailers = context.git('log', '-1', '--format=%b', 'review/main')
    expect(trailers).toContain(`Forkpoint-Checkpoint: ${idOf(run.config)}\n`)
    expect(trailers).toContain('Forkpoint-Messages: 1..1\n')
    expect(context.git('fsck', '--strict')).toBe('')
  })

  test('what a save writes does not grow with the number of messages', async () => {
    const saver = context.open()
    const run = new Run(saver, at('long'))
    const messages: unknown[] = []
    const sizes: number[] = []
    for (let n = 0; n < 320; n++) {
      messages.push(ai(String(n), `answer ${n} `.repeat(20)))
      await run.put({ messages: [...messages] })
      if (n % 100 === 50 || n % 100 === 51) sizes.push(newBytes(`long/main`))
    }
    expect(Math.max(...sizes)).toBeLessThan(Math.min(...sizes) * 1.1)
  })

  /** Bytes of the objects that the newest commit of a line brings. */
  function newBytes(line: string): number {
    const ids = context.git('rev-list', '--objects', '--no-object-names', `${line}~1..${line}`).trim()
    const sizes = ids.split('\n').map((id) => Number(context.git('cat-file', '-s', id)))
    return sizes.reduce((sum, size) => sum + size, 0)
  }
})

describe('channels', () => {
  test('without a new version are the parent’s, whatever is handed over', async () => {
    const saver = context.open()
    const parent = await saver.put(
      at('t'),
      checkpointOf({ a: 'first', b: 'second' }, { a: 1, b: 1 }),
      metadataOf('input', -1),
      { a: 1, b: 1 },
    )
    const child = await saver.put(
      parent,
      checkpointOf({ a: 'not looked at', b: 'new' }, { a: 1, b: 2 }),
      metadataOf('loop', 0),
      { b: 2 },
    )
    expect((await saver.get(child))?.channel_values).toEqual({ a: 'first', b: 'new' })
  })

  test('that are listed without a value are removed, and come back', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    await run.put({ list: [{ n: 1 }, { n: 2 }], text: 'x' })
    await run.put({ list: undefined, text: undefined })
    expect((await saver.get(run.config))?.channel_values).toEqual({})
    expect(context.git('ls-tree', '-r', '--name-only', 't/main').trim()).toBe(
      '.gitattributes\nREADME.md\nsession.json',
    )
    await run.put({ list: [{ n: 3 }], text: 'y' })
    expect((await saver.get(run.config))?.channel_values).toEqual({ list: [{ n: 3 }], text: 'y' })
  })

  test('that are in no version of the checkpoint do not come from the parent', async () => {
    const saver = context.open()
    const parent = await saver.put(at('t'), checkpointOf({ a: 1 }, { a: 1 }), metadataOf('input', -1), {
      a: 1,
    })
    const child = await saver.put(parent, checkpointOf({}, {}), metadataOf('loop', 0), {})
    expect((await saver.get(child))?.channel_values).toEqual({})
  })

  test('of a copy, which has the versions of another checkpoint than its parent, are stored as given', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    const first = await run.put({ a: 1, gone: 'x' }, 'input')
    const second = await run.put({ a: 2, gone: undefined, list: [{ n: 1 }] })
    const { checkpoint } = (await saver.getTuple(second))!
    const copies = [first, at('t')].map(async (parent) => {
      const copy = checkpointOf(checkpoint.channel_values, checkpoint.channel_versions)
      return saver.get(await saver.put(parent, copy, metadataOf('fork', 2), {}))
    })
    for (const copy of await Promise.all(copies))
      expect(copy?.channel_values).toEqual({ a: 2, list: [{ n: 1 }] })
  })

  test('of a checkpoint whose parent is not stored are stored as given', async () => {
    const saver = context.open()
    const parent = '1ef00000-0000-6000-8000-000000000000'
    const child = await saver.put(
      at('t', '', parent),
      checkpointOf({ a: 1 }, { a: 1 }),
      metadataOf('loop', 3),
      {},
    )
    expect(await saver.getTuple(child)).toMatchObject({
      checkpoint: { channel_values: { a: 1 } },
      parentConfig: at('t', '', parent),
    })
  })

  test('may have any name', async () => {
    const saver = context.open()
    const names = [
      '__proto__',
      'constructor',
      'type',
      'id',
      'config',
      'CON',
      'con',
      'ä/..',
      'a.lock',
      'x'.repeat(300),
      '',
      'channels',
      'parent',
    ]
    const values = Object.fromEntries(names.map((name, n) => [name, n % 2 === 0 ? n : [{ n }]]))
    const versions = Object.fromEntries(names.map((name) => [name, 1]))
    const config = await saver.put(at('t'), checkpointOf(values, versions), metadataOf('input', -1), versions)
    const stored = (await saver.get(config))!.channel_values
    expect(Object.entries(stored).sort()).toEqual(Object.entries(values).sort())
    expect(await saver.store.verify()).toMatchObject({ ok: true })
  })
})

describe('lists', () => {
  const cases: [string, (messages: object[]) => object[]][] = [
    ['an item is changed', (all) => all.with(3, { n: 3, changed: true })],
    ['an item is inserted at the front', (all) => [{ n: -1 }, ...all]],
    ['the front is removed', (all) => all.slice(120)],
    ['the end is removed', (all) => all.slice(0, 101)],
    ['all but one are removed', (all) => all.slice(5, 6)],
    ['the order is turned round', (all) => all.toReversed()],
    ['all is removed', () => []],
    ['items are long', (all) => [...all.slice(0, 150), { text: 'y'.repeat(100_000) }, ...all.slice(150)]],
    ['long items move', (all) => [{ text: 'z'.repeat(70_000) }, ...all].toReversed()],
  ]
  test.each(cases)('come back when %s', async (_, change) => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    const items: object[] = Array.from({ length: 250 }, (_, n) => ({ n }))
    items[7] = { text: 'x'.repeat(80_000) }
    await run.put({ items })
    const changed = change(items)
    await run.put({ items: changed })
    await run.put({ items: change(changed) })
    const fresh = context.open()
    expect((await fresh.get(run.config))?.channel_values.items ?? []).toEqual(change(changed))
    // What this saver has loaded it recognizes.
    const again = await Run.at(fresh, at('t'))
    const last = [...(again.values.items as object[]), { n: 'last' }]
    await again.put({ items: last })
    expect((await saver.get(again.config))?.channel_values.items).toEqual(last)
    expect(await saver.store.verify()).toMatchObject({ ok: true })
  })

  test('may become something else, and be lists again', async () => {
    const run = new Run(context.open(), at('t'))
    const values = [
      [{ n: 1 }, { n: 2 }],
      'text',
      [],
      [1, 2],
      [{ n: 1 }],
      null,
      [[1], [2]],
      { n: 1 },
      [new Uint8Array([1])],
    ]
    for (const value of values) {
      const config = await run.put({ x: value })
      expect((await context.open().get(config))?.channel_values).toEqual({ x: value })
    }
  })

  test('whose items were changed in place are stored as they are', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    const messages = [
      human('1', 'hello'),
      new ToolMessage({ content: 'out', tool_call_id: 'c', artifact: { deep: [1] } }),
    ]
    await run.put({ messages })
    messages[0]!.content = 'changed'
    await run.put({ messages: [...messages] })
    ;(messages[1] as ToolMessage).artifact.deep.push(2)
    const before = run.config
    const later = run.put({ messages: [...messages] })
    // While it is on its way, too.
    messages[0]!.content = 'too late'
    await later
    const texts = async (config: object) =>
      ((await context.open().get(config as never))!.channel_values.messages as HumanMessage[]).map((m) => [
        m.content,
        (m as unknown as ToolMessage).artifact?.deep,
      ])
    expect(await texts(before)).toEqual([
      ['changed', undefined],
      ['out', [1]],
    ])
    expect(await texts(run.config)).toEqual([
      ['changed', undefined],
      ['out', [1, 2]],
    ])
  })
})

test('a message in the middle of a long list that was changed in place is stored again', async () => {
  const saver = context.open()
  const run = new Run(saver, at('t'))
  const messages = Array.from({ length: 250 }, (_, n) => human(`${n}`, `text ${n}`))
  // The folders of the list are compared as a whole from the third time on.
  for (let n = 0; n < 3; n++) await run.put({ messages: [...messages] })
  const contents = async () => {
    const stored = (await context.open().get(run.config))!.channel_values.messages as HumanMessage[]
    return stored.map(({ content, additional_kwargs: { note } }) => [content, note])
  }
  const expected = messages.map(({ content }) => [content, undefined] as unknown[])
  messages[42]!.content = 'changed'
  expected[42] = ['changed', undefined]
  await run.put({ messages: [...messages] })
  expect(await contents()).toEqual(expected)
  messages[142]!.additional_kwargs.note = 'added'
  expected[142]![1] = 'added'
  await run.put({ messages: [...messages] })
  expect(await contents()).toEqual(expected)
  messages[42]!.content = 'text 42'
  expected[42] = ['text 42', undefined]
  await run.put({ messages: [...messages] })
  expect(await contents()).toEqual(expected)
})

describe('the serializer', () => {
  /** Marks everything as its own, as one that encrypts would. */
  const opaque: SerializerProtocol = {
    async dumpsTyped(value) {
      const [, bytes] = await new JsonPlusSerializer().dumpsTyped({ wrapped: value })
      return ['opaque', bytes.map((byte) => byte ^ 0xff)]
    },
    async loadsTyped(type, data) {
      if (type !== 'opaque' || typeof data === 'string') throw new Error(`not mine: ${type}`)
      return (
        await new JsonPlusSerializer().loadsTyped(
          'json',
          data.map((byte) => byte ^ 0xff),
        )
      ).wrapped
    },
  }

  test('may be any; what it marks as its own is kept as bytes, with its type', async () => {
    const saver = context.open({ serde: opaque })
    const run = new Run(saver, at('t'))
    await run.put(
      { messages: [human('1', 'secret words')], text: 'secret words', list: [{ n: 1 }], nothing: null },
      'input',
    )
    await saver.putWrites(run.config, [['text', 'secret words']], 'task')
    await run.put({ messages: [human('1', 'secret words'), ai('2', 'secret words')] })
    const fresh = context.open({ serde: opaque })
    const tuple = (await fresh.getTuple(at('t')))!
    expect(tuple.checkpoint.channel_values).toMatchObject({
      text: 'secret words',
      list: [{ n: 1 }],
      nothing: null,
    })
    expect((tuple.checkpoint.channel_values.messages as HumanMessage[]).map((m) => m.content)).toEqual([
      'secret words',
      'secret words',
    ])
    expect(tuple.metadata).toEqual(metadataOf('loop', 0))
    expect((await fresh.getTuple(tuple.parentConfig!))?.pendingWrites).toEqual([
      ['task', 'text', 'secret words'],
    ])
    const stored = context.git('show', 't/main:text/0000/000000.json')
    expect(JSON.parse(stored)).toEqual({
      $serialized: 'opaque',
      data: { $file: '000000.1.bin', encoding: 'base64' },
    })
    expect(context.git('log', '-p', '--text', '--all')).not.toContain('secret')
    expect(await saver.store.verify()).toMatchObject({ ok: true })
    await expect(context.open().getTuple(at('t'))).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('gets back what it gave: bytes, undefined, maps, odd keys, great depth', async () => {
    const run = new Run(context.open(), at('t'))
    const values = {
      bytes: new Uint8Array([0, 255, 10]),
      many: new Uint8Array(10_000).fill(7),
      none: { a: undefined, b: [undefined] },
      map: new Map([['k', new Set([1])]]),
      date: '2026-01-01T00:00:00.000Z',
      odd: { $serialized: 'x', $$serialized: 1, $file: 'y', $lines: [] },
      oddList: [{ $serialized: 'json', data: 'AAAA' }, { $lines: ['a'] }],
      surrogate: '\ud800',
      lines: 'a\nb\r\n\n',
      deep: Array.from({ length: 600 }).reduce<unknown>((inner) => ({ inner }), 'core'),
    }
    await run.put(values)
    expect((await context.open().get(run.config))!.channel_values).toEqual(values)
  })

  test('JSON text that says more than a value can is kept as it is', async () => {
    const text = '{"id":12345678901234567890,"same":1,"same":2}'
    const serde: SerializerProtocol = {
      dumpsTyped: async (value) => ['json', Buffer.from(value === 'special' ? text : JSON.stringify(value))],
      loadsTyped: async (_, data) => {
        const json = Buffer.from(data as Uint8Array).toString()
        return json === text ? 'special' : JSON.parse(json)
      },
    }
    const run = new Run(context.open({ serde }), at('t'))
    await run.put({ a: 'special', b: 1 })
    expect((await context.open({ serde }).get(run.config))?.channel_values).toEqual({ a: 'special', b: 1 })
  })

  test('that refuses a value fails the put with the channel, and nothing is stored', async () => {
    const serde: SerializerProtocol = {
      dumpsTyped: async (value) => ['json', Buffer.from(JSON.stringify(value))],
      loadsTyped: async (_, data) => JSON.parse(Buffer.from(data as Uint8Array).toString()),
    }
    const saver = context.open({ serde })
    const run = new Run(saver, at('t'))
    await run.put({ a: 1 })
    const failing = new Run(saver, at('t'), await saver.getTuple(at('t')))
    const error = await failing.put({ items: [{ n: 1n }] }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InvalidStateError)
    expect((error as InvalidStateError).issues[0]?.path).toEqual(['items', 0])
    expect(idOf((await saver.getTuple(at('t')))?.config)).toBe(idOf(run.config))
  })
})

test('a value that could not be read again is refused', async () => {
  const saver = context.open()
  const run = new Run(saver, at('t'))
  await run.put({ n: 1 }, 'input')
  await expect(run.put({ file: new Uint8Array(2 ** 26 + 1) })).rejects.toMatchObject({
    code: 'INVALID_STATE',
    issues: [{ path: ['file'] }],
  })
  expect((await saver.get(at('t')))?.channel_values).toEqual({ n: 1 })
})

describe('redact', () => {
  test('sees each new value; what it removes never reaches the disk', async () => {
    const redact = (value: unknown, path: readonly (string | number)[]) =>
      path.at(-1) === 'dropped'
        ? undefined
        : typeof value === 'string'
          ? value.replaceAll('hunter2', '[gone]')
          : value
    const saver = context.open({ redact })
    const run = new Run(saver, at('t'))
    const messages = [human('1', 'my password is hunter2')]
    await run.put({ messages, deep: { list: [{ hunter: 'hunter2', dropped: 1 }] } }, 'input')
    await saver.putWrites(run.config, [['messages', [human('2', 'hunter2')]]], 'task')
    await run.put({ messages: [...messages, human('2', 'hunter2 again')] })
    await run.put({ messages: [human('0', 'hunter2'), ...messages] })
    const { checkpoint } = (await saver.getTuple(at('t')))!
    expect((checkpoint.channel_values.messages as HumanMessage[]).map((m) => m.content)).toEqual([
      '[gone]',
      'my password is [gone]',
    ])
    expect(checkpoint.channel_values.deep).toEqual({ list: [{ hunter: '[gone]' }] })
    expect(context.git('log', '-p', '--all', '--text')).not.toContain('hunter2')
  })
})

test('a list of more than ten thousand messages grows and shrinks across the border', async () => {
  const saver = context.open()
  const run = new Run(saver, at('long'))
  const messages = Array.from({ length: 10_102 }, (_, n) => ({ n }))
  for (const count of [9_999, 10_001, 10_102, 10_001, 10_000, 3]) {
    await run.put({ messages: messages.slice(0, count) })
    const fresh = (await context.open().getTuple(at('long')))!
    expect(fresh.checkpoint.channel_values.messages).toEqual(messages.slice(0, count))
  }
  const folders = (at: string) =>
    context.git('ls-tree', '--name-only', `long/main${at}:messages`).trim().split('\n')
  expect([folders('~3').at(-1), folders('~2').at(-1), folders('~1').at(-1)]).toEqual([
    '01xxxx',
    '01xxxx',
    '0099',
  ])
  expect(await saver.store.verify()).toMatchObject({ ok: true })
})
