/** Thinned threads: what LangGraph reads of them is what it was, for every checkpoint that stays. */
import { HumanMessage } from '@langchain/core/messages'
import { DeltaValue, END, messagesDeltaReducer, START, StateGraph, StateSchema } from '@langchain/langgraph'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { at, idOf, listed, Run, useStore } from './context.ts'

const context = useStore()

test('a thread keeps the ends of its turns, and goes on from each of them', async () => {
  const saver = context.open()
  const run = new Run(saver, at('thread'))
  const ends: string[] = []
  for (let turn = 0; turn < 4; turn++) {
    await run.put({ question: turn }, 'input')
    for (let step = 0; step < 3; step++) {
      await run.put({ answer: `${turn}.${step}` })
      await saver.putWrites(run.config, [['answer', `next ${step}`]], `task-${turn}-${step}`)
    }
    ends.push(idOf(run.config))
  }
  const before = new Map((await listed(saver, at('thread'))).map((tuple) => [idOf(tuple.config), tuple]))
  const store = new GitSessionStore(context.folder)
  // Of sixteen: the first one stays, and the end of each turn.
  expect(await store.thin('thread', { insideTurnsOnly: true })).toMatchObject({ thinned: 11, remaining: [] })
  for (const one of [saver, context.open()]) {
    const now = await listed(one, at('thread'))
    expect(now.map(({ config }) => idOf(config)).slice(0, 4)).toEqual(ends.toReversed())
    expect(now).toHaveLength(5)
    for (const tuple of now) {
      const id = idOf(tuple.config)
      expect(await one.getTuple(at('thread', '', id))).toEqual(before.get(id))
      expect(tuple.pendingWrites).toEqual(before.get(id)!.pendingWrites)
    }
    // The checkpoint that it was put on is gone.
    expect(await one.getTuple(now[0]!.parentConfig!)).toBeUndefined()
  }
  const next = await Run.at(saver, at('thread', '', ends[1]!))
  await next.put({ question: 'again' }, 'fork')
  expect((await store.verify()).problems).toEqual([])
  await store.close()
})

test('a thread with channels that keep only changes loses none of the checkpoints that they need', async () => {
  const saver = context.open()
  const State = new StateSchema({
    messages: new DeltaValue(z.array(z.any()).default([]), {
      reducer: messagesDeltaReducer as never,
      snapshotFrequency: 3,
    }),
    count: z.number(),
  })
  const graph = new StateGraph(State)
    .addNode('one', () => ({ count: 1 }))
    .addNode('two', () => ({ count: 2 }))
    .addEdge(START, 'one')
    .addEdge('one', 'two')
    .addEdge('two', END)
    .compile({ checkpointer: saver })
  for (let turn = 0; turn < 5; turn++)
    await graph.invoke(
      { messages: [new HumanMessage({ id: `m${turn}`, content: `${turn}` })] } as never,
      at('thread'),
    )
  const historyOf = async () => {
    const found: unknown[] = []
    for await (const { values, config } of graph.getStateHistory(at('thread')))
      found.push([values, idOf(config)])
    return found
  }
  const before = await historyOf()
  const store = new GitSessionStore(context.folder)
  await store.thin('thread', { keepLast: 1 })
  const now = await historyOf()
  expect(now.length).toBeGreaterThan(0)
  for (const one of now) expect(before).toContainEqual(one)
  expect((await store.verify()).problems).toEqual([])
  await store.close()
})
