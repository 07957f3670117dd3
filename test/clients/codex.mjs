// @ts-check
/**
 * npm run test:clients: the real Codex resumes a session that came from Claude Code, against a server of ours that speaks
 * its protocol. The whole history has to arrive with calls and results paired, and what is said has to come back.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const DEMO = join(HERE, '../../fixtures/claude-code/demo-session.jsonl')
const CLI = join(HERE, '../../dist/cli/main.js')

const codex = findCodex()
if (codex === undefined) {
  console.warn('SKIPPED: Codex could not be installed for this system.')
  process.exit(0)
}

/** Requests of Codex. @type {{ input: { type: string, call_id?: string }[] }[]} */
const requests = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    if (!request.url?.includes('/responses')) return response.writeHead(404).end('{}')
    requests.push(JSON.parse(body))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of answer) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    return response.end()
  })
})

const answer = [
  { type: 'response.created', response: { id: 'r' } },
  {
    type: 'response.output_item.done',
    output_index: 0,
    item: {
      type: 'message',
      role: 'assistant',
      id: 'm',
      content: [{ type: 'output_text', text: 'So be it.' }],
    },
  },
  {
    type: 'response.completed',
    response: { id: 'r', usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } },
  },
]

const root = mkdtempSync(join(tmpdir(), 'forkpoint-clients-'))
try {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const home = join(root, '.codex')
  mkdirSync(home)
  writeFileSync(
    join(home, 'config.toml'),
    `model = "any"
model_provider = "local"
[model_providers.local]
name = "local"
base_url = "http://127.0.0.1:${port}/v1"
wire_api = "responses"
`,
  )
  await forkpoint('import', DEMO, '--session', 'demo')
  const { id, path } = JSON.parse(
    await forkpoint('continue', 'demo', '--with', 'codex', '--cwd', root, '--json'),
  )
  await run(codex, ['exec', '--skip-git-repo-check', 'resume', id, 'And then?'])
  const [request] = requests
  assert(request !== undefined, 'Codex has asked nothing.')
  const idsOf = (/** @type {RegExp} */ type) =>
    request.input.flatMap((item) => (type.test(item.type) ? [item.call_id] : [])).sort()
  assert(idsOf(/_call$/).length > 10)
  assert.deepEqual(idsOf(/_call_output$/), idsOf(/_call$/))
  const back = JSON.parse(await forkpoint('import', path, '--json'))
  assert.equal(back.session, 'demo')
  const shown = await forkpoint('show', `demo/${back.branches[0]}`)
  assert.match(shown, /And then\?[\s\S]*So be it\./)
  console.log(
    `Codex took ${request.input.length} items, ${idsOf(/_call$/).length} calls, all with results; its turn came back.`,
  )
} finally {
  server.close()
  rmSync(root, { recursive: true, force: true })
}

/** @param {string[]} args */
function forkpoint(...args) {
  return run(process.execPath, [CLI, ...args])
}

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<string>}
 */
function run(program, args) {
  const env = {
    ...process.env,
    HOME: root,
    CODEX_HOME: join(root, '.codex'),
    FORKPOINT_STORE: join(root, 'store'),
  }
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 })
  let [out, problems] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    problems += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`${program} ${code}: ${problems}`)),
    )
  })
}

/** The binary, called directly, so that no install script has to run. */
function findCodex() {
  const install = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund']
  spawnSync('npm', install, { cwd: HERE, stdio: 'inherit' })
  const packages = join(HERE, 'node_modules/@openai')
  if (!existsSync(packages)) return undefined
  const found = readdirSync(packages, { recursive: true, encoding: 'utf8' }).find(
    (name) => /[\\/]codex(?:\.exe)?$/.test(name) && /vendor/.test(name) && !/path/.test(name),
  )
  return found === undefined ? undefined : join(packages, found)
}
