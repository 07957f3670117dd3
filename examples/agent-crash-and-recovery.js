// @ts-check
/** A process is killed in the middle of a turn; another one goes on where it was, and repeats nothing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, GitSessionStore } from 'forkpoint'
import { withModel } from './support/scripted-model.js'
import { inTemporaryFolder } from './temporary-folder.js'

/** @param {string} command */
const bash = (command) => ({ name: 'bash', input: { command } })
const script = [
  { text: 'Two things to do.', calls: [bash('echo first >> log'), bash('echo second >> log; sleep 30')] },
  { text: 'The first is done. The second may be; the log will tell.', calls: [bash('cat log')] },
  { text: 'Both are done.' },
]

/** @param {string} url @param {GitSessionStore} sessionStore */
async function agentFor(url, sessionStore) {
  const config = { default_model: 'local/scripted', providers: { local: { base_url: url } } }
  return Agent.create(config, {
    sessionStore,
    // Not only turns: also each tool call, before it starts and when it has ended.
    autoSave: 'step',
    permissionPolicy: { allow: ['bash'] },
  })
}

const [url, folder] = process.argv.slice(2)
if (url !== undefined && folder !== undefined) {
  const agent = await agentFor(url, new GitSessionStore(join(folder, 'sessions')))
  await agent.session(folder, { sessionId: 'work' }).send('Do both things')
} else {
  await inTemporaryFolder((folder) =>
    withModel(script, async (_, server) => {
      const child = spawn(process.execPath, [fileURLToPath(import.meta.url), server.url, folder], {
        stdio: 'inherit',
      })
      while (!(await readFile(join(folder, 'log'), 'utf8').catch(() => '')).includes('second')) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      child.kill('SIGKILL')
      await once(child, 'exit')
      console.log('killed while the second command was running')

      const store = new GitSessionStore(join(folder, 'sessions'))
      const session = (await agentFor(server.url, store)).resumeSession('work')
      const run = (await session.runs()).at(-1)
      if (run === undefined) throw new Error('the run is lost')
      console.log(`the run is ${run.status}`)
      const { text } = await session.resumeRun(run.id)
      console.log(text)
      for (const event of await session.runEvents(run.id)) {
        if (event.type === 'tool-end') console.log(`  ${event.call}: ${event.status}`)
      }
      console.log(`log: ${(await readFile(join(folder, 'log'), 'utf8')).trim().replace('\n', ', ')}`)
      await store.close()
    }),
  )
}
