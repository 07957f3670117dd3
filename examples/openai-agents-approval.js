// @ts-check
/** A run that waits for an approval is kept with its session: somebody approves it later, in another process. */
import { join } from 'node:path'
import { Agent, Runner, tool } from '@openai/agents-core'
import { assistantMessage, functionCall, ScriptedModel } from '@openai/agents-core/testing'
import { ForkpointAgentsSession } from 'forkpoint/adapters/openai-agents'
import * as z from 'zod'
import { inTemporaryFolder } from './temporary-folder.js'

const refund = tool({
  name: 'refund',
  description: 'Pays money back.',
  parameters: z.object({ order: z.string(), euros: z.number() }),
  needsApproval: true,
  execute: async ({ order, euros }) => `paid ${euros} € back for order ${order}`,
})

/** A script instead of a model, so that this runs offline. @param {ConstructorParameters<typeof ScriptedModel>[0]} script */
const agentThatSays = (script) =>
  new Agent({ name: 'Support', model: new ScriptedModel(script), tools: [refund] })
const runner = new Runner({ tracingDisabled: true })

await inTemporaryFolder(async (folder) => {
  const options = { store: join(folder, 'sessions'), sessionId: 'ticket-17' }

  const asking = new ForkpointAgentsSession(options)
  const agent = agentThatSays([[functionCall('refund', { order: 'A-9', euros: 40 }, { callId: 'call-1' })]])
  const result = await runner.run(agent, 'My lamp arrived broken.', { session: asking })
  for (const { name, arguments: wanted } of result.interruptions) console.log(`waits: ${name} ${wanted}`)
  await asking.saveRunState(result.state)
  await asking.close()

  // Tomorrow: the state is loaded for the same agent, approved, and the run goes on where it was.
  const deciding = new ForkpointAgentsSession(options)
  const later = agentThatSays([[assistantMessage('You get your 40 € back.')]])
  const state = await deciding.loadRunState(later)
  if (state === undefined) throw new Error('Nothing waits')
  for (const item of state.getInterruptions()) state.approve(item)
  const { finalOutput } = await runner.run(later, state, { session: deciding })
  console.log(finalOutput)

  // With its first items the run took the kept state away.
  console.log('still waiting:', (await deciding.loadRunState(later)) !== undefined)
  for await (const { id, subject } of deciding.log()) console.log(`${id.slice(0, 10)}  ${subject}`)
  await deciding.close()
})
