/** Takes turns until it is killed: goes on with what an earlier one left, then sends new prompts. */
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tool } from 'ai'
import * as z from 'zod'
import { Agent } from '../../dist/agent/index.js'
import { GitSessionStore } from '../../dist/index.js'

const [url, folder, workspace, last] = process.argv.slice(2)

const note = tool({
  inputSchema: z.object({ id: z.string(), ms: z.number() }),
  execute: async ({ id, ms }) => {
    await appendFile(join(workspace, 'log'), `${id}\n`)
    await sleep(ms)
    return `noted ${id}`
  },
})

const agent = await Agent.create(
  { default_model: 'x/y', providers: { x: { base_url: url }, anthropic: { base_url: url } } },
  {
    sessionStore: new GitSessionStore(folder),
    autoSave: 'step',
    permissionPolicy: { defaultDecision: 'allow' },
    tools: { note },
  },
)
// Each process goes on with another provider's model, as it comes.
const model = ['x/y', 'x/z', 'anthropic/y'][Math.floor(Math.random() * 3)]
const session = agent.session(workspace, { sessionId: 'crash', ifExists: 'resume', model })
await session.load()
process.stdout.write('ready\n')
let runs = await session.runs()
if (runs.at(-1)?.status === 'interrupted') {
  // Now and then somebody asks something else instead.
  if (Math.random() < 0.8) await session.resumeRun(runs.at(-1).id)
}
do {
  runs = await session.runs()
  await session.send(`turn ${runs.length + 1}`)
} while (last === undefined)
