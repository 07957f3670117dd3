/** A process of its own, with the package as it is published: what it is told to do stands in its arguments. */
import { writeSync } from 'node:fs'
import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'
import { uuid6 } from '@langchain/langgraph-checkpoint'
import { ForkpointSaver } from '../../../dist/adapters/langgraph/index.js'
import { ConflictError } from '../../../dist/index.js'

const [task, folder, thread, argument] = process.argv.slice(2)
const saver = new ForkpointSaver(folder)
const config = { configurable: { thread_id: thread, checkpoint_ns: '' } }
const say = (value) => writeSync(1, `${JSON.stringify(value)}\n`)

const graph = new StateGraph(MessagesAnnotation)
  .addNode('think', ({ messages }) => ({
    messages: [new AIMessage(`I think about: ${messages.at(-1).content}`)],
  }))
  .addNode('answer', ({ messages }) => ({ messages: [new AIMessage(`answer ${messages.length}`)] }))
  .addEdge(START, 'think')
  .addEdge('think', 'answer')
  .addEdge('answer', END)
  .compile({ checkpointer: saver })

const textsOf = ({ messages }) => messages.map(({ content }) => content)

/** A checkpoint as a loop makes it: `n` and as many messages, each put with a new version. */
async function step(from, source) {
  const n = (from?.checkpoint.channel_values.n ?? 0) + 1
  const messages = [
    ...(from?.checkpoint.channel_values.messages ?? []),
    { n, text: `message ${n}\n`.repeat(20) },
  ]
  const versions = { n, messages: n }
  const checkpoint = {
    v: 4,
    id: uuid6(process.pid % 16384),
    ts: new Date().toISOString(),
    channel_values: { n, messages },
    channel_versions: versions,
    versions_seen: {},
  }
  const onto = from?.config ?? config
  return saver.put(onto, checkpoint, { source, step: n, parents: {} }, versions)
}

const tasks = {
  /** One turn of a conversation. */
  async talk() {
    say(textsOf(await graph.invoke({ messages: [new HumanMessage(argument)] }, config)))
  },

  /** Goes on from a checkpoint that git names. */
  async branch() {
    const past = await saver.configAt(thread, argument)
    const edited = await graph.updateState(past, { messages: [new HumanMessage('another way')] }, START)
    say(textsOf(await graph.invoke(null, edited)))
  },

  /** Saves until it is killed, and says what is stored. */
  async save() {
    say('begun')
    for (;;) {
      const from = await saver.getTuple(config)
      const stored = await step(from, from === undefined ? 'input' : 'loop')
      const id = stored.configurable.checkpoint_id
      say({ put: id, n: (from?.checkpoint.channel_values.n ?? 0) + 1 })
      const inside = {
        configurable: { ...stored.configurable, checkpoint_ns: `sub:${id}`, checkpoint_id: undefined },
      }
      const sub = { v: 4, id, ts: '', channel_values: { id }, channel_versions: { id: 1 }, versions_seen: {} }
      await Promise.all([
        saver.putWrites(stored, [['n', id]], 'task', 'path').then(() => say({ writes: id })),
        saver
          .put(inside, sub, { source: 'input', step: -1, parents: {} }, { id: 1 })
          .then(() => say({ sub: id })),
      ])
    }
  },

  /** So many steps on a thread that others step on too: who is refused looks again. */
  async race() {
    let conflicts = 0
    const shared = { configurable: { thread_id: thread, checkpoint_ns: '', checkpoint_id: 'shared' } }
    for (let done = 0; done < Number(argument); ) {
      try {
        await step(await saver.getTuple(config), 'loop')
        done++
        await saver.putWrites(shared, [['n', done]], `${process.pid}-${done}`)
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error
        conflicts++
      }
    }
    say({ conflicts })
  },
}

await tasks[task]()
await saver.close()
