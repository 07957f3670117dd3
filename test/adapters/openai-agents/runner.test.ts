/** The framework's own Runner on our sessions, and on its MemorySession: both have to end the same. */
import {
  type Agent,
  type AgentInputItem,
  hostedMcpTool,
  MemorySession,
  RunContext,
  RunState,
  type Session,
} from '@openai/agents-core'
import {
  assistantMessage,
  functionCall,
  modelError,
  type ScriptedModelInput,
} from '@openai/agents-core/testing'
import { describe, expect, test } from 'vitest'
import { ForkpointAgentsSession } from '../../../src/adapters/openai-agents/index.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { all, callBook, callWeather, git, newFolder, runner, scripted, subjects, user } from './context.ts'

interface Scene {
  name: string
  /** One script a run, one run after the other on one session. */
  runs: { script: () => ScriptedModelInput[]; input: string; options?: object }[]
  subjects: string[]
}

const trips = { tripwireTriggered: true, outputInfo: {} }
const guarded = { outputGuardrails: [{ name: 'no', execute: async () => trips }] }
const compaction = () => ({ type: 'compaction', id: 'cmp_1', encrypted_content: 'xyz' }) as never

const scenes: Scene[] = [
  {
    name: 'two turns',
    runs: [
      { script: () => [[assistantMessage('Hi.')]], input: 'Hello' },
      { script: () => [[assistantMessage('Bye.', { id: 'msg_1' })]], input: 'Goodbye' },
    ],
    subjects: ['user: Goodbye', 'user: Hello'],
  },
  {
    name: 'a tool',
    runs: [
      {
        script: () => [
          [callWeather('Oslo', 'c1'), callWeather('Rome', 'c2')],
          [assistantMessage('Sun in both.')],
        ],
        input: 'Weather?',
      },
    ],
    subjects: ['user: Weather?'],
  },
  {
    name: 'a model that fails after a tool',
    runs: [
      { script: () => [[callWeather('Oslo', 'c1')], modelError(new Error('overloaded'))], input: 'Weather?' },
      { script: () => [[assistantMessage('Sorry.')]], input: 'Again?' },
    ],
    subjects: ['user: Again?'],
  },
  {
    name: 'an input guardrail',
    runs: [
      {
        script: () => [[assistantMessage('x')]],
        input: 'Forbidden',
        options: { inputGuardrails: [{ name: 'no', execute: async () => trips }] },
      },
      { script: () => [[assistantMessage('Hi.')]], input: 'Allowed' },
    ],
    subjects: ['user: Allowed'],
  },
  {
    name: 'an output guardrail',
    runs: [
      { script: () => [[assistantMessage('secret')]], input: 'Tell', options: guarded },
      {
        script: () => [[callWeather('Oslo', 'c1')], [assistantMessage('secret')]],
        input: 'Tell it',
        options: guarded,
      },
      { script: () => [[assistantMessage('Hi.')]], input: 'Go on' },
    ],
    subjects: ['user: Go on', 'user: Tell it', 'user: Tell'],
  },
  {
    name: 'an output guardrail on a tool that ends the run',
    runs: [
      {
        script: () => [[callWeather('Oslo', 'c1')]],
        input: 'Weather?',
        options: { ...guarded, toolUseBehavior: 'stop_on_first_tool' },
      },
    ],
    subjects: ['user: Weather?'],
  },
  {
    name: 'a compaction from the model',
    runs: [
      { script: () => [[assistantMessage('Hi.')]], input: 'Hello' },
      { script: () => [[assistantMessage('Hi.')]], input: 'Hello again' },
      { script: () => [[compaction(), assistantMessage('Short now.')]], input: 'Go on' },
      { script: () => [[assistantMessage('Yes.')]], input: 'Still there?' },
    ],
    subjects: ['user: Still there?', 'compact 4 items to 2', 'user: Hello again', 'user: Hello'],
  },
]

async function play(session: Session, { runs }: Scene, stream: boolean): Promise<unknown[]> {
  const said: unknown[] = []
  for (const { script, input, options } of runs) {
    const agent = scripted(script(), options)
    try {
      if (stream) {
        const result = await runner.run(agent, input, { session, stream: true })
        for await (const _ of result) {
          // Events are not what this is about.
        }
        await result.completed
        said.push(result.finalOutput)
      } else said.push((await runner.run(agent, input, { session })).finalOutput)
    } catch (error) {
      said.push((error as Error).constructor.name)
    }
    said.push(
      (agent.model as { calls?: { request: { input: unknown } }[] }).calls?.map(
        ({ request }) => request.input,
      ),
    )
  }
  return said
}

describe.each([false, true])('a run, streamed: %s', (stream) => {
  test.each(scenes)('$name', async (scene) => {
    const folder = await newFolder()
    const memory = new MemorySession({ sessionId: 's' })
    const ours = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    const expected = await play(memory, scene, stream)
    expect(await play(ours, scene, stream)).toEqual(expected)
    expect(await ours.getItems()).toEqual(await memory.getItems())
    expect((await ours.store.verify()).problems).toEqual([])
    if (!stream) expect(subjects(folder, 's/main')).toEqual(scene.subjects)
    await ours.close()
    git(folder, 'fsck', '--strict')
  })
})

describe('an output that was blocked and then accepted', () => {
  /** Blocked once, then accepted with the state of the error: the Runner replaces what it had saved. */
  async function accept(session: Session): Promise<AgentInputItem[]> {
    let blocked = 1
    const outputGuardrails = [
      { name: 'once', execute: async () => ({ tripwireTriggered: blocked-- > 0, outputInfo: {} }) },
    ]
    const script = [[callWeather('Oslo', 'c1')], [assistantMessage('Sun in Oslo.')]]
    const agent = scripted(script, { outputGuardrails })
    const error = await runner.run(agent, 'Weather?', { session }).catch((thrown) => thrown)
    expect(error.constructor.name).toBe('OutputGuardrailTripwireTriggered')
    const { finalOutput } = await runner.run(agent, error.state, { session })
    expect(finalOutput).toBe('Sun in Oslo.')
    return session.getItems()
  }

  test('takes the place of what was saved for it', async () => {
    const folder = await newFolder()
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    expect(await accept(session)).toEqual(await accept(new MemorySession({ sessionId: 's' })))
    expect(subjects(folder, 's/main')).toEqual(['replace the last 1 item with 2', 'user: Weather?'])
    await session.close()
  })

  test('also where what was saved is redacted', async () => {
    const redact = (value: unknown) =>
      typeof value === 'string' ? value.replaceAll('sunny in Oslo', '[weather]') : value
    const store = new GitSessionStore(await newFolder(), { redact })
    const items = await accept(new ForkpointAgentsSession({ store, sessionId: 's' }))
    expect(items).toHaveLength(4)
    expect(JSON.stringify(items)).not.toContain('sunny in Oslo')
    await store.close()
  })
})

describe('a run that waits for an approval', () => {
  const script = () => [[callBook('Ritz', 'c1')], [assistantMessage('Booked.')]]
  const booked = (item: AgentInputItem) => item.type === 'function_call_result' && item.output

  const start = async (session: Session, agent: Agent) => {
    const result = await runner.run(agent, 'Book the Ritz', { session })
    expect(result.interruptions).toHaveLength(1)
    return result
  }

  test('survives a restart: approved by another process, and gone with its first items', async () => {
    const folder = await newFolder()
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    expect(await session.loadRunState(scripted([]))).toBeUndefined()
    const result = await start(session, scripted(script()))
    await session.saveRunState(result.state)
    await session.saveRunState(result.state)
    await session.close()

    const store = new GitSessionStore(folder)
    expect((await all(store.list()))[0]).toMatchObject({ status: 'waiting', title: 'Book the Ritz' })
    const later = new ForkpointAgentsSession({ store, sessionId: 's' })
    const agent = scripted(script().slice(1))
    const state = (await later.loadRunState(agent))!
    expect(state).toBeInstanceOf(RunState)
    expect(await later.loadRunState(agent)).toBeDefined()
    state.approve(state.getInterruptions()[0]!)
    const end = await runner.run(agent, state, { session: later })
    expect(end.finalOutput).toBe('Booked.')
    expect(await later.loadRunState(agent)).toBeUndefined()
    expect((await all(store.list()))[0]!.status).toBeUndefined()
    expect((await later.getItems()).map(booked).filter(Boolean)).toHaveLength(1)
    expect((await store.verify()).problems).toEqual([])
    await store.close()
    expect(subjects(folder, 's/main')).toEqual([
      'assistant: Booked.',
      'book → booked Ritz',
      'wait for approval of book',
      'user: Book the Ritz',
    ])
    git(folder, 'fsck', '--strict')
  })

  test('ends as with MemorySession, also in the same process and streamed', async () => {
    const memory = new MemorySession({ sessionId: 's' })
    const ours = new ForkpointAgentsSession({ store: await newFolder(), sessionId: 's' })
    for (const session of [memory, ours]) {
      const agent = scripted(script())
      const { state } = await start(session, agent)
      if (session === ours) await ours.saveRunState(state)
      state.approve(state.getInterruptions()[0]!)
      const result = await runner.run(agent, state, { session, stream: true })
      await result.completed
    }
    expect(await ours.getItems()).toEqual(await memory.getItems())
    expect(await ours.loadRunState(scripted([]))).toBeUndefined()
    await ours.close()
  })

  test('stays as long as other runs save, and can be given up', async () => {
    const session = new ForkpointAgentsSession({ store: await newFolder(), sessionId: 's' })
    const { state } = await start(session, scripted(script()))
    await session.saveRunState(state)
    await session.addItems([user('by hand')])
    await runner.run(scripted([[assistantMessage('Hi.')]]), 'Hello', { session })
    expect(await session.loadRunState(scripted([]))).toBeDefined()
    await session.clearRunState()
    await session.clearRunState()
    expect(await session.loadRunState(scripted([]))).toBeUndefined()
    await session.close()
  })

  test('goes on where what was saved is redacted', async () => {
    const redact = (value: unknown) =>
      typeof value === 'string' ? value.replaceAll('Ritz', '[hotel]') : value
    const folder = await newFolder()
    const store = new GitSessionStore(folder, { redact })
    const session = new ForkpointAgentsSession({ store, sessionId: 's' })
    const agent = scripted(script())
    const { state } = await start(session, agent)
    await session.saveRunState(state)
    state.approve(state.getInterruptions()[0]!)
    expect((await runner.run(agent, state, { session })).finalOutput).toBe('Booked.')
    expect(await session.loadRunState(agent)).toBeUndefined()
    await store.close()
    expect(git(folder, 'log', '-p', '--all')).not.toContain('Ritz')
  })

  test('is approved on one branch and rejected on the other', async () => {
    const folder = await newFolder()
    const store = new GitSessionStore(folder)
    const session = new ForkpointAgentsSession({ store, sessionId: 's' })
    const { state } = await start(session, scripted(script()))
    await session.saveRunState(state)
    const waiting = session.checkpoint!

    const yes = (await session.loadRunState(scripted(script().slice(1))))!
    yes.approve(yes.getInterruptions()[0]!)
    await runner.run(yes._currentAgent, yes, { session })

    const other = session.at(waiting, { branch: 'no' })
    const no = (await other.loadRunState(scripted([[assistantMessage('Then not.')]])))!
    no.reject(no.getInterruptions()[0]!)
    await runner.run(no._currentAgent, no, { session: other })
    expect((await session.getItems()).map(booked).filter(Boolean)).toEqual([
      { type: 'text', text: 'booked Ritz' },
    ])
    expect(JSON.stringify((await other.getItems()).map(booked).filter(Boolean))).not.toContain('booked')
    expect((await session.branches()).map(({ name }) => name)).toEqual(['main', 'no'])
    await store.close()
    git(folder, 'fsck', '--strict')
  })

  test('keeps waiting when another run has the same context', async () => {
    const session = new ForkpointAgentsSession({ store: await newFolder(), sessionId: 's' })
    const context = new RunContext({ user: 'Ada' })
    const result = await runner.run(scripted(script()) as never, 'Book', { session, context })
    await session.saveRunState(result.state)
    await runner.run(scripted([[assistantMessage('Hi.')]]) as never, 'Hello', { session, context })
    expect(await session.loadRunState(scripted([]))).toBeDefined()
    await session.close()
  })

  test('with two calls, one of which is decided first, is kept again for the other', async () => {
    const folder = await newFolder()
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    const agent = scripted([[callBook('Ritz', 'c1'), callBook('Savoy', 'c2')]])
    const first = await runner.run(agent, 'Book both', { session })
    await session.saveRunState(first.state)
    const next = (await session.loadRunState(scripted([[assistantMessage('Both.')]])))!
    next.approve(next.getInterruptions()[0]!)
    const second = await runner.run(next._currentAgent, next, { session })
    expect(second.interruptions).toHaveLength(1)
    await session.saveRunState(second.state)
    const last = (await session.loadRunState(next._currentAgent))!
    last.approve(last.getInterruptions()[0]!)
    expect((await runner.run(next._currentAgent, last, { session })).finalOutput).toBe('Both.')
    expect(await session.loadRunState(next._currentAgent)).toBeUndefined()
    expect((await session.getItems()).map(booked).filter(Boolean)).toHaveLength(2)
    expect((await session.store.verify()).problems).toEqual([])
    await session.close()
  })

  test('with two calls, one of which is decided first, stays although the process ends before it is kept again', async () => {
    const folder = await newFolder()
    for (const decision of ['approve', 'reject'] as const) {
      const sessionId = decision
      const session = new ForkpointAgentsSession({ store: folder, sessionId })
      const calls = [callBook('Ritz', 'c1'), callBook('Savoy', 'c2')]
      const first = await runner.run(scripted([calls]), 'Book both', { session })
      await session.saveRunState(first.state)
      const next = (await session.loadRunState(scripted([])))!
      next[decision](next.getInterruptions()[0]!)
      await runner.run(next._currentAgent, next, { session })
      await session.close()

      const later = new ForkpointAgentsSession({ store: folder, sessionId })
      expect((await all(later.store.list({ prefix: sessionId })))[0]).toMatchObject({ status: 'waiting' })
      const last = (await later.loadRunState(scripted([[assistantMessage('Both.')]])))!
      expect(last.getInterruptions().map(({ rawItem }) => (rawItem as { callId?: string }).callId)).toEqual([
        'c2',
      ])
      // What was loaded can be kept again.
      await later.saveRunState(last)
      expect((await later.loadRunState(scripted([])))!.getInterruptions()).toHaveLength(1)
      last.approve(last.getInterruptions()[0]!)
      expect((await runner.run(last._currentAgent, last, { session: later })).finalOutput).toBe('Both.')
      const items = await later.getItems()
      expect(items.map(booked).filter(Boolean)).toHaveLength(2)
      expect(JSON.stringify(items).match(/booked Ritz/g)?.length).toBe(decision === 'approve' ? 1 : undefined)
      expect(items.map((item) => item.type ?? 'message')).toEqual([
        'message',
        'function_call',
        'function_call',
        'function_call_result',
        'function_call_result',
        'message',
      ])
      expect(await later.loadRunState(scripted([]))).toBeUndefined()
      expect((await later.store.verify()).problems).toEqual([])
      await later.close()
    }
  })

  test("waits for an agent's own tool, and for a hosted one", async () => {
    const session = new ForkpointAgentsSession({ store: await newFolder(), sessionId: 's' })
    const booker = (say: ScriptedModelInput[]) =>
      scripted(say, { name: 'Booker' }).asTool({ toolName: 'booker', toolDescription: 'Books.' })
    const outer = (say: ScriptedModelInput[], inner: ScriptedModelInput[]) =>
      scripted(say, { tools: [booker(inner)] })
    const agent = outer(
      [[functionCall('booker', { input: 'the Ritz' }, { callId: 'outer' })]],
      [[callBook('Ritz', 'inner')]],
    )
    const result = await runner.run(agent, 'Book', { session })
    expect(result.interruptions).toHaveLength(1)
    await session.saveRunState(result.state)
    const later = outer([[assistantMessage('Booked.')]], [[assistantMessage('Yes.')]])
    const state = (await session.loadRunState(later))!
    state.approve(state.getInterruptions()[0]!)
    expect((await runner.run(later, state, { session })).finalOutput).toBe('Booked.')
    expect(await session.loadRunState(later)).toBeUndefined()

    const tools = [
      hostedMcpTool({ serverLabel: 'maps', serverUrl: 'https://maps.example', requireApproval: 'always' }),
    ]
    const providerData = { type: 'mcp_approval_request', id: 'mcpr_1', server_label: 'maps', name: 'route' }
    const request = {
      type: 'hosted_tool_call',
      id: 'mcpr_1',
      name: 'mcp_approval_request',
      status: 'completed',
      providerData,
    }
    const asked = await runner.run(scripted([[request as never]], { tools }), 'Route?', { session })
    expect(asked.interruptions).toHaveLength(1)
    await session.saveRunState(asked.state)
    const guide = scripted([[assistantMessage('Left.')]], { tools })
    const routed = (await session.loadRunState(guide))!
    routed.approve(routed.getInterruptions()[0]!)
    expect((await runner.run(guide, routed, { session })).finalOutput).toBe('Left.')
    expect(await session.loadRunState(guide)).toBeUndefined()
    await session.close()
  })

  test('takes a context of its own when it goes on', async () => {
    const session = new ForkpointAgentsSession({ store: await newFolder(), sessionId: 's' })
    const { state } = await start(session, scripted(script()))
    await session.saveRunState(state)
    const context = new RunContext({ user: 'Ada' })
    const loaded = await session.loadRunState(scripted([]), { context, contextStrategy: 'replace' })
    expect(loaded!._context).toBe(context)
    await session.close()
  })
})
