/** An agent that takes turns with its files until it is killed. Prints what each saved turn has to bring back. */
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent } from '../../../dist/agent/index.js'
import { GitSessionStore } from '../../../dist/index.js'

const [url, folder, workspace, snapshots] = process.argv.slice(2)
const agent = await Agent.create(
  { default_model: 'x/y', providers: { x: { base_url: url } } },
  {
    sessionStore: new GitSessionStore(folder),
    autoSave: snapshots === 'step' ? 'step' : true,
    permissionPolicy: { defaultDecision: 'allow' },
    files: { snapshots },
  },
)
const session = agent.session(workspace, { sessionId: 'demo', ifExists: 'resume' })
await session.load()
process.stdout.write('ready\n')
for (;;) {
  const prompt = `turn ${(await session.runs()).length + 1}`
  const { checkpoint, filesProblem } = await session.send(prompt)
  const problem = filesProblem?.message
  process.stdout.write(`${JSON.stringify({ id: checkpoint?.id, prompt, problem, files: hashes() })}\n`)
}

/** SHA-256 by path, with `*` for a file that can be run. */
function hashes(prefix = '') {
  const found = {}
  for (const name of readdirSync(join(workspace, prefix))) {
    const path = prefix + name
    const stat = lstatSync(join(workspace, path))
    if (stat.isDirectory()) Object.assign(found, hashes(`${path}/`))
    else {
      const hash = createHash('sha256').update(readFileSync(join(workspace, path)))
      found[path] = hash.digest('hex') + ((stat.mode & 0o100) === 0 ? '' : '*')
    }
  }
  return found
}
