// @ts-check
/** A conversation of the OpenAI Agents SDK in git: every run is a commit to go back to, and to go on from. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Agent, Runner, tool } from '@openai/agents-core'
import { assistantMessage, functionCall, ScriptedModel } from '@openai/agents-core/testing'
import { ForkpointAgentsSession } from 'forkpoint/adapters/openai-agents'
import * as z from 'zod'
import { inTemporaryFolder } from './temporary-folder.js'

const weather = tool({
  name: 'weather',
  description: 'What the weather is like.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `${city}: 4 °C, rain`,
})

// A script instead of a model, so that this runs offline. Yours: new Agent({ name, model: 'gpt-…', tools }).
const model = new ScriptedModel([
  [functionCall('weather', { city: 'Oslo' }, { callId: 'call-1' })],
  [assistantMessage('4 °C and rain in Oslo.')],
  [assistantMessage('The Munch museum.')],
  [assistantMessage('With children: the ski jump.')],
])
const agent = new Agent({ name: 'Guide', model, tools: [weather] })
const runner = new Runner({ tracingDisabled: true })

await inTemporaryFolder(async (folder) => {
  const store = join(folder, 'sessions')
  const session = new ForkpointAgentsSession({ store, sessionId: 'trip' })
  await runner.run(agent, 'What is the weather in Oslo?', { session })
  await runner.run(agent, 'And what shall I do there?', { session })
  await session.close()

  // Later, perhaps in another process: back to before the second question, and on another way.
  const past = new ForkpointAgentsSession({ store, sessionId: 'trip', at: 'main~1', branch: 'with-children' })
  await runner.run(agent, 'What shall I do there with children?', { session: past })
  for (const { name, active } of await past.branches()) console.log(`${active ? '*' : ' '} ${name}`)
  for (const item of await past.getItems(2)) console.log(JSON.stringify(item))
  await past.close()

  console.log('\n$ git log --oneline --graph --all')
  console.log(
    execFileSync('git', ['--git-dir', store, 'log', '--oneline', '--graph', '--all'], { encoding: 'utf8' }),
  )
})
