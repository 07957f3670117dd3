/** Real graphs: interrupts, subgraphs, time travel, forks and replays, as LangGraph's own checkpointer has them. */
import { AIMessage, type BaseMessage, HumanMessage } from '@langchain/core/messages'
import type { RunnableConfig } from '@langchain/core/runnables'
import {
  Annotation,
  Command,
  DeltaValue,
  END,
  entrypoint,
  getPreviousState,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  messagesDeltaReducer,
  ReducedValue,
  Send,
  START,
  StateGraph,
  StateSchema,
  type StateSnapshot,
  task,
} from '@langchain/langgraph'
import type { BaseCheckpointSaver } from '@langchain/langgraph-checkpoint'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ConflictError } from '../../../src/index.ts'
import { at, idOf, listed, useStore } from './context.ts'

const context = useStore()

const PlainState = Annotation.Root({
  ...MessagesAnnotation.spec,
  count: Annotation<number>,
  notes: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
})

let serial = 0
const ai = (content: string) => new AIMessage({ id: `ai-${serial++}`, content })
const human = (content: string) => new HumanMessage({ id: `human-${serial++}`, content })

/** The same, but its messages are kept as changes, with a snapshot now and then. */
const DeltaState = new StateSchema({
  messages: new DeltaValue(z.array(z.custom<BaseMessage>()).default([]), {
    reducer: messagesDeltaReducer as never,
    snapshotFrequency: 3,
  }),
  count: z.number(),
  notes: new ReducedValue(
    z.array(z.string()).default(() => []),
    { reducer: (a, b) => [...a, ...b] },
  ),
})

function reviewer(checkpointer: BaseCheckpointSaver, State: unknown = PlainState) {
  const research = new StateGraph(MessagesAnnotation)
    .addNode('think', () => ({ messages: [ai('thinking')] }))
    .addNode('ask', () => ({ messages: [ai(`answer: ${interrupt('may I?')}`)] }))
    .addEdge(START, 'think')
    .addEdge('think', 'ask')
    .addEdge('ask', END)
    .compile()
  return new StateGraph(State as typeof PlainState)
    .addNode('plan', ({ count = 0 }) => ({ count: count + 1, messages: [ai(`plan ${count + 1}`)] }))
    .addNode('research', research)
    .addNode('note', (input: { n: number }) => ({ notes: [`note ${input.n}`] }))
    .addNode('finish', ({ notes }) => ({ messages: [ai(`done with ${notes.length} notes`)] }))
    .addEdge(START, 'plan')
    .addEdge('plan', 'research')
    .addConditionalEdges('research', () => [1, 2, 3].map((n) => new Send('note', { n })), ['note'])
    .addEdge('note', 'finish')
    .addEdge('finish', END)
    .compile({ checkpointer })
}

type Graph = ReturnType<typeof reviewer>

const texts = ({ messages }: { messages?: BaseMessage[] }) => messages?.map(({ content }) => content)

async function historyOf(graph: Graph, config: RunnableConfig): Promise<StateSnapshot[]> {
  const states: StateSnapshot[] = []
  for await (const state of graph.getStateHistory(config)) states.push(state)
  return states
}

/** What can be compared between two runs: ids and times are not. */
const comparable = ({ values, next, metadata, tasks }: StateSnapshot) => ({
  texts: texts(values),
  count: values.count,
  notes: values.notes,
  next,
  source: metadata?.source,
  step: metadata?.step,
  tasks: tasks.map(({ name, interrupts, error }) => ({
    name,
    error,
    interrupts: interrupts.map(({ value }) => value),
  })),
})

/** Everything that a host does with threads; `reopen` is a restart of its process. */
async function scenario(reopen: () => BaseCheckpointSaver, state: unknown) {
  const seen: unknown[] = []
  const thread = at('review')
  let graph = reviewer(reopen(), state)
  const see = (what: string, value: unknown) => seen.push([what, value])
  see('interrupted', texts(await graph.invoke({ messages: [human('hello')] }, thread)))
  graph = reviewer(reopen(), state)
  const waiting = await graph.getState(thread, { subgraphs: true })
  see('waiting', comparable(waiting))
  see('inside', texts((waiting.tasks[0]!.state as StateSnapshot).values))
  see('resumed', texts(await graph.invoke(new Command({ resume: 'yes' }), thread)))
  graph = reviewer(reopen(), state)
  await graph.invoke({ messages: [human('again')] }, thread)
  see('second', texts(await graph.invoke(new Command({ resume: 'no' }), thread)))
  const states = await historyOf(graph, thread)
  see('history', states.map(comparable))
  const planned = states.find(({ next, metadata }) => next[0] === 'research' && metadata!.step < 5)!
  // A fork: the past is changed, and the run goes on from there.
  const forked = await graph.updateState(planned.config, { messages: [ai('edited')], count: 40 })
  see('fork waits', texts(await graph.invoke(null, forked)))
  graph = reviewer(reopen(), state)
  see('fork ends', texts(await graph.invoke(new Command({ resume: 'perhaps' }), thread)))
  // A replay: the past again, as it was.
  see('replay waits', texts(await graph.invoke(null, planned.config)))
  see('replay ends', texts(await graph.invoke(new Command({ resume: 'fine' }), thread)))
  // Another input, on an old checkpoint.
  const end = states.find(({ next, metadata }) => next.length === 0 && metadata!.step < 8)!
  see('other input', texts(await graph.invoke({ messages: [human('something else')] }, end.config)))
  const copy = await graph.updateState(states.at(-1)!.config, null, '__copy__')
  see('copy', comparable(await graph.getState(copy)))
  see('end cleared', comparable(await graph.getState(await graph.updateState(thread, null, END))))
  see(
    'on exit',
    texts(await graph.invoke({ messages: [human('quick')] }, { ...at('exit'), durability: 'exit' })),
  )
  see(
    'on exit',
    texts(await graph.invoke(new Command({ resume: 'ok' }), { ...at('exit'), durability: 'sync' })),
  )
  graph = reviewer(reopen(), state)
  see('all states', (await historyOf(graph, thread)).map(comparable))
  see('all states', (await historyOf(graph, at('exit'))).map(comparable))
  return seen
}

describe('a graph', () => {
  test.each([
    ['whole', PlainState],
    ['as changes', DeltaState],
  ])(
    'with messages kept %s behaves on git as in memory: interrupt, subgraph, fork, replay, copy',
    async (_, state) => {
      const memory = new MemorySaver()
      const expected = await scenario(() => memory, state)
      const actual = await scenario(() => context.open(), state)
      for (const [n, step] of actual.entries()) expect(step).toEqual(expected[n])
      const saver = context.open()
      const inMemory = await listed(memory, {})
      expect(await listed(saver, {})).toHaveLength(inMemory.length)
      expect(await saver.store.verify()).toMatchObject({ ok: true })
      expect(context.git('fsck', '--strict', '--no-dangling')).toBe('')
    },
  )

  test('of functions works, and what it remembers of its last run', async () => {
    const saver = context.open()
    const slow = task('double', async (n: number) => n * 2)
    const flow = entrypoint({ checkpointer: saver, name: 'flow' }, async (n: number) => {
      const before = getPreviousState<number>() ?? 0
      const doubled = await Promise.all([slow(n), slow(n + 1)])
      const answer = interrupt(`add ${before}?`)
      const sum = doubled[0]! + doubled[1]! + before
      return entrypoint.final({ value: `${answer}: ${sum}`, save: sum })
    })
    const config = at('flow')
    await flow.invoke(1, config)
    expect(await flow.invoke(new Command({ resume: 'yes' }), config)).toBe('yes: 6')
    await flow.invoke(10, config)
    const again = entrypoint({ checkpointer: context.open(), name: 'flow' }, async () => getPreviousState())
    expect(await flow.invoke(new Command({ resume: 'no' }), config)).toBe('no: 48')
    expect(await again.invoke(0, config)).toBe(48)
  })

  test('leaves a log that people read', async () => {
    const graph = reviewer(context.open())
    await graph.invoke({ messages: [human('Review the retry logic')] }, at('review'))
    await graph.invoke(new Command({ resume: 'yes' }), at('review'))
    expect(context.git('log', '--format=%s', 'review/main').trim().split('\n')).toEqual([
      'step 4 finish: done with 3 notes',
      'step 3 note',
      'step 2 research: answer: yes',
      'step 1 plan: plan 1',
      'step 0: Review the retry logic',
      'input: Review the retry logic',
    ])
    expect(context.git('log', '--format=%s', 'review/_namespaces').trim().split('\n')).toEqual([
      'research | step 2 ask: answer: yes',
      'research | step 1 think: thinking',
      'research | step 0: plan 1',
      'research | input: plan 1',
    ])
    expect(context.git('for-each-ref', '--format=%(refname)', 'refs/heads').trim().split('\n')).toEqual([
      'refs/heads/review/_namespaces',
      'refs/heads/review/_writes',
      'refs/heads/review/main',
    ])
  })

  test('that two processes run on one thread fails in one of them, and loses nothing of the other', async () => {
    const slow = (saver: BaseCheckpointSaver, done: Promise<void>) =>
      new StateGraph(MessagesAnnotation)
        .addNode('work', async () => {
          await done
          return { messages: [ai('worked')] }
        })
        .addEdge(START, 'work')
        .addEdge('work', END)
        .compile({ checkpointer: saver })
    const first = slow(context.open(), Promise.resolve())
    await first.invoke({ messages: [human('one')] }, at('t'))
    let finish = () => {}
    const second = slow(context.open(), new Promise((resolve) => (finish = resolve)))
    const waiting = second.invoke({ messages: [human('two')] }, at('t'))
    const outcome = waiting.then(
      () => undefined,
      (error: unknown) => error,
    )
    while ((await listed(context.open(), at('t'))).length < 5)
      await new Promise((resolve) => setTimeout(resolve, 5))
    // It took over from the checkpoint that the other one works on.
    await first.invoke({ messages: [human('three')] }, at('t'))
    finish()
    expect(await outcome).toBeInstanceOf(ConflictError)
    const state = await slow(context.open(), Promise.resolve()).getState(at('t'))
    expect(texts(state.values)).toEqual(['one', 'worked', 'two', 'three', 'worked'])
  })
})

describe('a thread forked to a new session', () => {
  test('goes on inside the subgraph that was interrupted, also when the first thread goes on or is deleted', async () => {
    const graph = reviewer(context.open())
    await graph.invoke({ messages: [human('hello')] }, at('review'))
    const saver = context.open()
    await saver.store.fork('review', { at: 'main', session: 'copy' })
    await graph.invoke(new Command({ resume: 'yes' }), at('review'))
    await saver.deleteThread('review')

    const copy = reviewer(context.open())
    const waiting = await copy.getState(at('copy'), { subgraphs: true })
    const [task] = waiting.tasks
    expect(task!.interrupts.map(({ value }) => value)).toEqual(['may I?'])
    expect(texts((task!.state as StateSnapshot).values)).toEqual(['hello', 'plan 1', 'thinking'])
    const { messages } = await copy.invoke(new Command({ resume: 'no' }), at('copy'))
    expect(texts({ messages })).toEqual(['hello', 'plan 1', 'thinking', 'answer: no', 'done with 3 notes'])
    expect(await saver.store.verify()).toMatchObject({ ok: true })
    expect(context.git('fsck', '--strict', '--no-dangling')).toBe('')
  })

  test('has what its subgraphs had at that checkpoint, and not what they did since or on another branch', async () => {
    const saver = context.open()
    const Total = Annotation.Root({
      total: Annotation<number>({ reducer: (a, b) => a + b, default: () => 0 }),
    })
    const remembering = new StateGraph(Total)
      .addNode('add', () => ({ total: 1 }))
      .addEdge(START, 'add')
      .addEdge('add', END)
      .compile({ checkpointer: true })
    const counter = (checkpointer: BaseCheckpointSaver) =>
      new StateGraph(Annotation.Root({ seen: Annotation<number[]> }))
        .addNode('count', async ({ seen = [] }) => {
          const { total } = await remembering.invoke({ total: 0 })
          return { seen: [...seen, total] }
        })
        .addEdge(START, 'count')
        .addEdge('count', END)
        .compile({ checkpointer })
    const graph = counter(saver)
    await graph.invoke({ seen: [] }, at('t'))
    const first = (await graph.getState(at('t'))).config
    const { seen } = await graph.getState(at('t')).then(({ values }) => values)
    await graph.invoke({ seen }, at('t'))
    expect(await graph.invoke({ seen: [] }, at('t'))).toEqual({ seen: [3] })
    const main = context.git('log', '--format=%H %(trailers:key=Forkpoint-Checkpoint,valueonly)', 't/main')
    const [commit] = main
      .split('\n')
      .flatMap((line) => (line.includes(idOf(first)) ? [line.slice(0, 40)] : []))
    await saver.store.fork('t', { at: commit!, session: 'copy' })

    const copy = counter(context.open())
    expect(await copy.invoke({ seen: [] }, at('copy'))).toEqual({ seen: [2] })
    expect(await copy.invoke({ seen: [] }, at('copy'))).toEqual({ seen: [3] })
    expect(await counter(context.open()).invoke({ seen: [] }, at('t'))).toEqual({ seen: [4] })
    // A copy of the copy has both parts.
    await saver.store.fork('copy', { session: 'again' })
    expect(await counter(context.open()).invoke({ seen: [] }, at('again'))).toEqual({ seen: [4] })
    expect(await saver.store.verify()).toMatchObject({ ok: true })
  })
})

describe('a run that was aborted', () => {
  const State = Annotation.Root({
    log: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
  })
  const chain = (checkpointer: BaseCheckpointSaver) => {
    const node = (name: string) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      return { log: [name] }
    }
    return new StateGraph(State)
      .addNode('one', node('one'))
      .addNode('two', node('two'))
      .addNode('three', node('three'))
      .addEdge(START, 'one')
      .addEdge('one', 'two')
      .addEdge('two', 'three')
      .addEdge('three', END)
      .compile({ checkpointer })
  }

  test.each(['async', 'sync', 'exit'] as const)(
    'is no other writer to the next run, wherever it was aborted (durability %s)',
    async (durability) => {
      const graph = chain(context.open())
      for (let wait = 0; wait < 24; wait++) {
        const config = { configurable: { thread_id: `thread-${wait}` }, durability }
        await graph.invoke({ log: ['first'] }, config)
        const abort = new AbortController()
        const run = graph.invoke({ log: ['second'] }, { ...config, signal: abort.signal })
        const ended = run.catch(() => 'aborted')
        await new Promise((resolve) => setTimeout(resolve, wait / 2))
        abort.abort()
        await ended
        const { log } = await graph.invoke({ log: ['third'] }, config)
        expect(log.slice(-4)).toEqual(['third', 'one', 'two', 'three'])
      }
    },
  )

  test('does not bring back a thread that is deleted next', async () => {
    const saver = context.open()
    const graph = chain(saver)
    for (let wait = 0; wait < 12; wait++) {
      const config = { configurable: { thread_id: 'gone' } }
      const abort = new AbortController()
      const run = graph.invoke({ log: ['first'] }, { ...config, signal: abort.signal })
      const ended = run.catch(() => 'aborted')
      await new Promise((resolve) => setTimeout(resolve, wait / 2))
      abort.abort()
      await ended
      await saver.deleteThread('gone')
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(await saver.getTuple(config)).toBeUndefined()
    }
  })
})
