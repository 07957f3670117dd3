/** What the tests run as a process of its own: `node child.mjs <what> <folder> [argument …]`. */
import { Agent, Runner, tool } from '@openai/agents-core'
import { assistantMessage, functionCall, ScriptedModel } from '@openai/agents-core/testing'
import { ForkpointAgentsSession } from 'forkpoint/adapters/openai-agents'
import * as z from 'zod'

const [what, folder, ...rest] = process.argv.slice(2)
const runner = new Runner({ tracingDisabled: true })

const weather = tool({
  name: 'weather',
  description: 'What the weather is like.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
})

const user = (content) => ({ type: 'message', role: 'user', content })

const work = {
  /** One turn with a tool; says how many items the model was given. */
  async turn([city, at, branch]) {
    const session = new ForkpointAgentsSession({
      store: folder,
      sessionId: 'trip',
      ...(at && { at, branch }),
    })
    const model = new ScriptedModel([
      [functionCall('weather', { city }, { callId: `call-${city}` })],
      [assistantMessage(`It is sunny in ${city}.`)],
    ])
    const agent = new Agent({ name: 'Guide', model, tools: [weather] })
    const { finalOutput } = await runner.run(agent, `Weather in ${city}?`, { session })
    console.log(
      JSON.stringify({ finalOutput, given: model.firstCall.request.input.length, branch: session.branch }),
    )
    await session.close()
  },

  /** Saves until it is killed; says each number whose save was acknowledged. */
  async save([from]) {
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 'crash' })
    for (let n = Number(from); ; n++) {
      await session.addItems([user(`${n}`), user(`${n} again`)])
      process.stdout.write(`${n}\n`)
      if (n % 7 === 3) {
        const operationId = `operation ${n}`
        const items = [user(`${n} by operation`)]
        await session.applyHistoryTransaction({ operationId, transaction: { type: 'append_items', items } })
        process.stdout.write(`o${n}\n`)
      }
    }
  },

  /** Many saves beside other processes, some by an operation that they all know. */
  async share([name, count]) {
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 'shared' })
    for (let n = 0; n < Number(count); n++) {
      await session.addItems([user(`${name} ${n}`), user(`${name} ${n} again`)])
      const items = [user(`operation ${n}`)]
      await session.applyHistoryTransaction({
        operationId: `operation ${n}`,
        transaction: { type: 'append_items', items },
      })
    }
    await session.close()
  },
}

await work[what](rest)
