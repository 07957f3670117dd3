/** Files of other people everywhere in a session that an adapter wrote: each reads it, saves on it, and keeps them. */
import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { expect, test } from 'vitest'
import { chatStore } from '../../src/adapters/ai-sdk/index.ts'
import { ForkpointAgentsSession } from '../../src/adapters/openai-agents/index.ts'
import { GitSessionStore } from '../../src/index.ts'
import { storeAt } from '../store/support/git-store.ts'
import { addStrays, pathsAt } from '../store/support/strays.ts'
import { setting, turns } from './ai-sdk/context.ts'
import { Conversation, git, newKey, newStore, newStoreFolder } from './claude-agent/context.ts'
import { at, Run, useStore } from './langgraph/context.ts'
import { assistant, newFolder, user } from './openai-agents/context.ts'

const context = useStore()

test('LangGraph', async () => {
  const human = new HumanMessage({ id: '1', content: 'Look' })
  const run = new Run(context.open(), at('t'))
  await run.put({ messages: [human], count: 1, none: [], flags: ['a'] }, 'input')
  const strays = addStrays(context.folder, 't/main')
  expect(await storeAt(context.folder).verify()).toMatchObject({ ok: true })
  const saver = context.open()
  const again = await Run.at(saver, at('t'))
  expect(again.values).toMatchObject({ count: 1, none: [], flags: ['a'] })
  await again.put({ messages: [human, new AIMessage({ id: '2', content: 'Done' })], count: 2, none: ['b'] })
  await again.put({ flags: [], none: [], count: undefined })
  expect((await Run.at(context.open(), at('t'))).values).toMatchObject({ none: [], flags: [] })
  expect((await Run.at(context.open(), at('t'))).values.messages).toHaveLength(2)
  expect(pathsAt(context.folder, 't/main', strays)).toEqual(strays)
  expect(await storeAt(context.folder).verify()).toMatchObject({ ok: true })
})

test("Claude's SDK", async () => {
  const folder = await newStoreFolder()
  const key = newKey()
  const talk = new Conversation(key.sessionId)
  const first = talk.turn('one')
  await (await newStore(folder)).append(key, first)
  const branch = git(folder, 'for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads').trim()
  const strays = addStrays(folder, branch)
  expect(await storeAt(folder).verify()).toMatchObject({ ok: true })
  const store = await newStore(folder)
  expect(await store.load(key)).toEqual(first)
  expect(await store.listSessions(key.projectKey)).toHaveLength(1)
  const second = talk.turn('two')
  await store.append(key, [first[1]!, ...second])
  expect(await (await newStore(folder)).load(key)).toEqual([...first, ...second])
  expect(pathsAt(folder, branch, strays)).toEqual(strays)
  expect(await storeAt(folder).verify()).toMatchObject({ ok: true })
})

test("OpenAI's Agents SDK", async () => {
  const folder = await newFolder()
  const session = () => new ForkpointAgentsSession({ store: folder, sessionId: 's' })
  const items = [user('one'), assistant('One.')]
  const once = { operationId: 'o', transaction: { type: 'append_items' as const, items } }
  const before = session()
  await before.applyHistoryTransaction(once)
  await before.close()
  const strays = addStrays(folder, 's/main')
  expect(await storeAt(folder).verify()).toMatchObject({ ok: true })
  const after = session()
  expect(await after.getItems()).toEqual(items)
  await after.applyHistoryTransaction(once)
  expect(await after.getItems()).toHaveLength(2)
  await after.addItems([user('two')])
  expect(await after.popItem()).toEqual(user('two'))
  await after.clearSession()
  await after.addItems(items)
  expect(await after.getItems()).toEqual(items)
  await after.close()
  expect(pathsAt(folder, 's/main', strays)).toEqual(strays)
  expect(await storeAt(folder).verify()).toMatchObject({ ok: true })
})

test("Vercel's AI SDK", async () => {
  const { folder, chats, store } = setting()
  await chats.save({ chatId: 'c', messages: turns(2) })
  await store.close()
  const strays = addStrays(folder, 'c/main')
  expect(await storeAt(folder).verify()).toMatchObject({ ok: true })
  const next = chatStore(new GitSessionStore(folder))
  expect(await next.load('c')).toEqual(turns(2))
  await next.save({ chatId: 'c', messages: turns(3) })
  expect(await next.load('c')).toEqual(turns(3))
  await next.close()
  expect(pathsAt(folder, 'c/main', strays)).toEqual(strays)
  expect(await storeAt(folder).verify()).toMatchObject({ ok: true })
})
