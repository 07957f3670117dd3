// @ts-check
/** The five programs of docs/agent.md, each in a process of its own, one after the other. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelServer } from '../test/support/model-server.mjs'
import { inTemporaryFolder } from './temporary-folder.js'

const programs = join(import.meta.dirname, 'agent')
const server = await ModelServer.start([
  { text: 'I will look around.', calls: [{ name: 'glob', input: { pattern: '**/*.js' } }] },
  { text: 'One file, and it adds two numbers.' },
  { text: 'As I said: one function, add, without tests.' },
  { text: 'Done.' },
])
await inTemporaryFolder(async (folder) => {
  await copyFile(join(programs, 'config.acl'), join(folder, 'config.acl'))
  await writeFile(join(folder, 'add.js'), 'export const add = (a, b) => a + b\n')
  const env = { ...process.env, OPENAI_API_KEY: 'not-a-real-key', OPENAI_BASE_URL: server.url }
  for (const name of ['quick-start', 'resume', 'manual-save', 'history', 'run-replay']) {
    console.log(`\n$ node ${name}.js`)
    const child = spawn(process.execPath, [join(programs, `${name}.js`)], {
      cwd: folder,
      env,
      stdio: 'inherit',
    })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`${name}.js ended with ${code}`)
  }
})
await server.close()
