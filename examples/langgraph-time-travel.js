// @ts-check
/** A LangGraph agent that asks before it acts: interrupted, resumed, and taken back in time to try another way. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { Command, END, interrupt, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'
import { ForkpointSaver } from 'forkpoint/adapters/langgraph'
import { inTemporaryFolder } from './temporary-folder.js'

/** A real one would call a model. @param {import('@langchain/langgraph-checkpoint').BaseCheckpointSaver} checkpointer */
const agent = (checkpointer) =>
  new StateGraph(MessagesAnnotation)
    .addNode('plan', ({ messages }) => {
      const asked = String(messages.findLast((message) => message.getType() === 'human')?.content)
      const how = asked.includes('rollback') ? 'undo migration 42' : 'run migration 43'
      return { messages: [new AIMessage(`I would ${how}`)] }
    })
    .addNode('act', ({ messages }) => {
      const answer = interrupt(`${messages.at(-1)?.content}. Go ahead?`)
      return { messages: [new AIMessage(answer === 'yes' ? 'Done.' : 'I leave it alone.')] }
    })
    .addEdge(START, 'plan')
    .addEdge('plan', 'act')
    .addEdge('act', END)
    .compile({ checkpointer })

await inTemporaryFolder(async (folder) => {
  const store = join(folder, 'sessions')
  const thread = { configurable: { thread_id: 'release' } }

  let saver = new ForkpointSaver(store)
  await agent(saver).invoke({ messages: [new HumanMessage('Bring the database up to date')] }, thread)
  await saver.close()

  // Another process, another day: the question still waits, and the answer goes on from there.
  saver = new ForkpointSaver(store, {
    onBranch: ({ branch, source }) => console.log(`→ an ${source} begins the branch ${branch}\n`),
  })
  const graph = agent(saver)
  const [task] = (await graph.getState(thread)).tasks
  console.log(`waiting: ${task?.interrupts[0]?.value}`)
  const done = await graph.invoke(new Command({ resume: 'yes' }), thread)
  console.log(`answered yes: ${done.messages.at(-1)?.content}\n`)

  // Back to where the first question had just come in (any revision of git's will do), with other words.
  const start = await saver.configAt('release', 'main~2')
  const edited = await graph.updateState(start, { messages: [new HumanMessage('No: rollback')] }, START)
  await graph.invoke(null, edited)
  const undone = await graph.invoke(new Command({ resume: 'no' }), thread)
  console.log(`instead: ${undone.messages.map(({ content }) => content).join(' / ')}\n`)
  await saver.close()

  // What plain git shows.
  const git = (/** @type {string[]} */ ...args) =>
    console.log(execFileSync('git', ['--git-dir', store, ...args], { encoding: 'utf8' }))
  git('log', '--graph', '--oneline', '--branches=release/[a-z]*')
  git('show', '--format=%h %s', '--stat', 'release/update-1')
})
