// @ts-check
/**
 * What saving costs an agent as its session grows: node bench/agent.mjs [turns]. One session in a git store, a model
 * that answers at once, 1.5 KB a message; only the time inside the store is counted. Prints the turns around the
 * tenth and the last ones, for `autoSave: true` and `'step'`; fails when the last cost more than twice the tenth.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, GitSessionStore } from '../dist/index.js'

const turns = Number(process.argv[2] ?? 1000)
const words = 'a message of some length that somebody could have said '.repeat(28)

/** @type {any} */
const model = {
  specificationVersion: 'v3',
  provider: 'bench',
  modelId: 'instant',
  supportedUrls: {},
  doGenerate: () => Promise.reject(new Error('this model only streams')),
  doStream: async () => ({
    stream: new ReadableStream({
      start(controller) {
        controller.enqueue({ type: 'stream-start', warnings: [] })
        controller.enqueue({ type: 'text-start', id: '1' })
        controller.enqueue({ type: 'text-delta', id: '1', delta: words })
        controller.enqueue({ type: 'text-end', id: '1' })
        const inputTokens = { total: 400, noCache: 400, cacheRead: 0, cacheWrite: 0 }
        const usage = { inputTokens, outputTokens: { total: 400, text: 400, reasoning: 0 } }
        controller.enqueue({ type: 'finish', usage, finishReason: { unified: 'stop', raw: 'stop' } })
        controller.close()
      },
    }),
  }),
}

/** @param {readonly number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/**
 * Milliseconds in the store, turn by turn.
 * @param {true | 'step'} autoSave
 */
async function measure(autoSave) {
  const folder = await mkdtemp(join(tmpdir(), 'forkpoint-bench-agent-'))
  const store = new GitSessionStore(join(folder, 'sessions'))
  let spent = 0
  /** @template T @param {() => Promise<T>} work */
  const timed = async (work) => {
    const start = performance.now()
    try {
      return await work()
    } finally {
      spent += performance.now() - start
    }
  }
  const [save, open] = [store.save.bind(store), store.open.bind(store)]
  store.save = (state, options) => timed(() => save(state, options))
  store.open = async (session, options) => {
    const handle = await open(session, options)
    const append = handle.append.bind(handle)
    handle.append = (addition, more) => timed(() => append(addition, more))
    return handle
  }
  const agent = await Agent.create(model, { sessionStore: store, autoSave })
  const session = agent.session(folder, { sessionId: 'long' })
  const costs = []
  for (let turn = 1; turn <= turns; turn++) {
    spent = 0
    await session.send(`${turn}: ${words}`)
    costs.push(spent)
  }
  await store.close()
  return { costs, folder }
}

let failed = false
const folders = []
for (const autoSave of /** @type {const} */ ([true, 'step'])) {
  const { costs, folder } = await measure(autoSave)
  folders.push(folder)
  const tenth = median(costs.slice(4, 15))
  const last = median(costs.slice(-11))
  const ratio = last / tenth
  console.log(
    `autoSave ${String(autoSave).padEnd(4)}  tenth ${tenth.toFixed(2)} ms  last of ${turns} ${last.toFixed(2)} ms  ratio ${ratio.toFixed(2)}`,
  )
  failed ||= ratio > 2
}
// Removing thousands of files just before a run makes that run slower: after all of them.
for (const folder of folders) await rm(folder, { recursive: true, force: true })
if (failed) process.exitCode = 1
