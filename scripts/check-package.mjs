// @ts-check
/**
 * npm run check:package: packs what would be published, installs it into an empty project, and uses it there as a
 * stranger would: types under both module resolutions, the library, its subpaths, and the command line.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, ROOT } from './build.mjs'

const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'forkpoint-package-'))

const CONSUMER = `
import { GitSessionStore, FileSessionStore, MemorySessionStore, ConflictError, newMessage, newSession } from 'forkpoint'
import type { Checkpoint, Session, SessionStore } from 'forkpoint'
import { importClaudeCode, type ImportResult } from 'forkpoint/importers'

const stores: SessionStore[] = [new GitSessionStore('sessions'), new FileSessionStore('files'), new MemorySessionStore()]
for (const store of stores) {
  const session: Session = newSession('demo', { messages: [newMessage('user', 'hello')] })
  const checkpoint: Checkpoint = await store.save(session)
  const state = await store.load('demo', { at: checkpoint.id })
  if (state?.messages[0]?.content !== 'hello') throw new Error('What was saved did not come back.')
  await store.save(newSession('demo')).then(
    () => { throw new Error('A conflict was expected.') },
    (error: unknown) => { if (!(error instanceof ConflictError)) throw error },
  )
  await store.close()
}
const imported: Promise<ImportResult> | undefined = undefined as Promise<ImportResult> | undefined
console.log(typeof importClaudeCode, imported === undefined)
// @ts-expect-error a session has no such status
newSession('demo', { status: 1 })
// @ts-expect-error a subpath that is not exported
type Hidden = typeof import('forkpoint/dist/store/git/git-session-store.js')
`

/**
 * Each adapter with its framework alone beside the package, and what a user of it would write first.
 *
 * @type {Record<string, { packages: string[], code: string }>}
 */
const ADAPTERS = {
  langgraph: {
    packages: ['@langchain/core', '@langchain/langgraph-checkpoint'],
    code: `
import { type BaseCheckpointSaver, emptyCheckpoint } from '@langchain/langgraph-checkpoint'
import { ForkpointSaver } from 'forkpoint/adapters/langgraph'

const saver: BaseCheckpointSaver = new ForkpointSaver('store')
const config = { configurable: { thread_id: 'demo', checkpoint_ns: '' } }
const checkpoint = emptyCheckpoint()
await saver.put(config, checkpoint, { source: 'input', step: -1, parents: {} }, {})
const back = (await saver.getTuple(config))?.checkpoint.id === checkpoint.id
`,
  },
  'claude-agent': {
    packages: ['@anthropic-ai/claude-agent-sdk'],
    code: `
import type { SessionStore } from '@anthropic-ai/claude-agent-sdk'
import { ForkpointClaudeStore } from 'forkpoint/adapters/claude-agent'

const store: SessionStore = new ForkpointClaudeStore('store')
const key = { projectKey: 'project', sessionId: 'demo' }
await store.append(key, [{ type: 'user', uuid: 'a', timestamp: new Date().toISOString() }])
const back = (await store.load(key))?.length === 1
`,
  },
  'openai-agents': {
    packages: ['@openai/agents-core'],
    code: `
import type { Session } from '@openai/agents-core'
import { ForkpointAgentsSession } from 'forkpoint/adapters/openai-agents'

const session: Session = new ForkpointAgentsSession({ store: 'store', sessionId: 'demo' })
await session.addItems([{ role: 'user', content: 'hello' }])
const back = (await session.getItems()).length === 1
`,
  },
  'ai-sdk': {
    packages: ['ai'],
    code: `
import type { UIMessage } from 'ai'
import { chatStore } from 'forkpoint/adapters/ai-sdk'

const chats = chatStore('store')
const message: UIMessage = { id: 'a', role: 'user', parts: [{ type: 'text', text: 'hello' }] }
await chats.save({ chatId: 'demo', messages: [message] })
const back = (await chats.load('demo')).length === 1
`,
  },
}

/** What frameworks depend on asks for a newer Node now and then; ours is found out without them. */
const ENGINES = /^npm warn EBADENGINE/

/** @type {[string, Record<string, string>][]} */
const RESOLUTIONS = [
  ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }],
  ['node16', { module: 'node16', moduleResolution: 'node16' }],
  ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
]

try {
  const tarball = pack()
  const project = newProject('project')
  install('install it into an empty project', project, [tarball])
  checkTypes(project)
  run('use the library', process.execPath, ['consumer.js'], project)
  checkSubpaths(project)
  const help = run('run npx forkpoint --help', 'npx', ['--no-install', 'forkpoint', '--help'], project)
  if (!help.includes('Usage: forkpoint')) fail('npx forkpoint --help did not show its help.')
  const list = run('run npx forkpoint list', 'npx', ['--no-install', 'forkpoint', 'list', '--json'], project)
  if (JSON.parse(list).id !== 'demo')
    fail(`npx forkpoint list did not show the session that was saved: ${list}`)
  for (const name of Object.keys(ADAPTERS)) checkAdapter(name, tarball)
  console.log('The package is sound.')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Packs, and looks at what is in it. Returns the path of the tarball. */
function pack() {
  build({ strict: true })
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const [packed] = JSON.parse(run('pack', 'npm', args, ROOT))
  /** @type {string[]} */
  const files = packed.files.map((/** @type {{ path: string }} */ { path }) => path)
  for (const needed of [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/main.js',
    'dist/viewer/page.html',
    'README.md',
    'LICENSE',
  ]) {
    if (!files.includes(needed)) fail(`${needed} is not in the package. Is it built?`)
  }
  const strange = files.filter(
    (path) =>
      !/^(?:dist\/.*\.(?:js|d\.ts)|dist\/LICENSES\.txt|dist\/viewer\/page\.html|docs\/.*\.(?:md|svg|png)|python\/README\.md|[A-Z]+\.md|LICENSE|package\.json)$/.test(
        path,
      ),
  )
  if (strange.length > 0) fail(`This does not belong into the package: ${strange.join(', ')}`)
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path)
  const dead = links.filter((path) => !files.includes(path))
  if (dead.length > 0) fail(`The README links to what is not in the package: ${dead.join(', ')}`)
  console.log(`  ${files.length} files, ${Math.round(packed.size / 1000)} kB packed`)
  return join(folder, packed.filename)
}

/** An empty project. @param {string} name */
function newProject(name) {
  const project = join(folder, name)
  mkdirSync(project)
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  )
  return project
}

/** @param {string} what @param {string} project @param {string[]} packages @param {RegExp} [theirs] warnings of others */
function install(what, project, packages, theirs) {
  const options = ['--no-audit', '--no-fund', '--prefer-offline']
  // Platform binaries of hundreds of megabytes. Others' optional packages are needed, whatever they are called.
  if (packages.some((one) => one.startsWith('@anthropic-ai/claude-agent-sdk')))
    options.push('--omit=optional')
  run(what, 'npm', ['install', ...options, ...packages], project, theirs)
}

/** An adapter with its framework, and no other, in a project of its own. @param {string} name @param {string} tarball */
function checkAdapter(name, tarball) {
  const { packages, code } = /** @type {(typeof ADAPTERS)[string]} */ (ADAPTERS[name])
  const project = newProject(name)
  const versions = { ...manifest.dependencies, ...manifest.devDependencies }
  const frameworks = packages.map((one) => `${one}@${versions[one]}`)
  install(`install it beside ${packages.join(', ')} alone`, project, [tarball, ...frameworks], ENGINES)
  writeFileSync(
    join(project, 'adapter.ts'),
    `${code}if (!back) throw new Error('It did not come back.')\nprocess.exit()\n`,
  )
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    // The frameworks' own declarations are theirs to check.
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules', '@types')],
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['adapter.ts'] }))
  run(`check the types of forkpoint/adapters/${name}`, process.execPath, [TSC, '-p', '.'], project)
  run(`use forkpoint/adapters/${name}`, process.execPath, ['adapter.js'], project)
}

/** @param {string} project */
function checkTypes(project) {
  writeFileSync(join(project, 'consumer.ts'), CONSUMER)
  for (const [name, resolution] of RESOLUTIONS) {
    const compilerOptions = {
      ...resolution,
      target: 'es2022',
      strict: true,
      // Ours are checked too, not only what is made of them.
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules', '@types')],
      noEmit: name !== 'nodenext',
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
    run(`check its types (${name})`, process.execPath, [TSC, '-p', '.'], project)
  }
}

/** Everything that `exports` names can be imported; what needs an optional peer may say that it is missing. @param {string} project */
function checkSubpaths(project) {
  for (const subpath of Object.keys(manifest.exports)) {
    if (subpath.endsWith('.json')) continue
    const name = `forkpoint${subpath.slice(1)}`
    const framework = ADAPTERS[subpath.replace('./adapters/', '')]
    const code = framework === undefined ? importing(name) : importingWithout(name, framework.packages)
    run(`import ${name}`, process.execPath, ['--input-type=module', '-e', code], project)
  }
}

/** @param {string} name */
function importing(name) {
  return `
const module = await import('${name}')
const root = await import('forkpoint')
if (Object.keys(module).length === 0) throw new Error('it is empty')
for (const [key, value] of Object.entries(module)) {
  if (/^[A-Z]/.test(key) && typeof value === 'function' && value.name !== key) throw new Error(key + ' is called ' + value.name)
  if (key in root && root[key] !== value) throw new Error(key + ' is another one than that of forkpoint')
}`
}

/** It works, or says which package is missing. @param {string} name @param {readonly string[]} packages */
function importingWithout(name, packages) {
  return `
await import('${name}').catch((error) => {
  const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' && ${JSON.stringify(packages)}.some((one) => error.message.includes(one))
  if (!isMissing) throw error
})`
}

/**
 * Runs a program; ends everything, with its output, when it fails or npm warns.
 *
 * @param {string} what @param {string} program @param {string[]} args @param {string} cwd
 * @param {RegExp} [theirs] warnings that are not ours
 */
function run(what, program, args, cwd, theirs = /^$/) {
  console.log(`- ${what}`)
  const shell = process.platform === 'win32' && program !== process.execPath
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    shell,
    timeout: 300_000,
  })
  if (status !== 0) fail(`It failed: ${error?.message ?? ''}\n${stdout}\n${stderr}`)
  const warnings = stderr.split('\n').filter((line) => /^npm warn/i.test(line) && !theirs.test(line))
  if (warnings.length > 0) fail(warnings.join('\n'))
  return stdout
}

/** @param {string} message @returns {never} */
function fail(message) {
  throw new Error(message)
}
