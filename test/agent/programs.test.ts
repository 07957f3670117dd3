/** The programs of the documentation, as they stand, in processes of their own. */
import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/build.ts'
import type { ModelServer } from '../support/model-server.mjs'
import { startServer, temporaryFolder } from './agent-context.ts'

const PROGRAMS = join(ROOT, 'examples/agent')
const SCRIPT = [
  { text: 'I will look around.', calls: [{ name: 'ls', input: {} }] },
  { text: 'It is a small project.' },
  { text: 'A small project, as I said.' },
  { text: 'Work done.' },
]

/** How a program is written for each store. A memory store lives in one process, and is one object. */
const WRITTEN: Readonly<Record<string, (program: string) => string>> = {
  FileSessionStore: (program) => program,
  GitSessionStore: (program) => program.replaceAll('FileSessionStore', 'GitSessionStore'),
  MemorySessionStore: (program) =>
    program
      .replaceAll("new FileSessionStore('./sessions')", 'store')
      .replace('FileSessionStore', 'MemorySessionStore')
      .replace("'forkpoint'\n", "'forkpoint'\nconst store = new MemorySessionStore()\n"),
}

describe.each(Object.entries(WRITTEN))('on a %s', (name, written) => {
  test('the documentation runs as it stands, and in a second process after the first has ended', async () => {
    const server = await startServer(SCRIPT)
    const folder = await projectWith(server)
    const whole = await readFile(join(ROOT, 'fixtures/agent/documentation.js'), 'utf8')
    const first = await run(folder, server, written(whole))
    expect(first).toMatch(
      /^\[user\] Read and analyze the codebase\n\[assistant\] I will look around\.\n\[tool\] \n\[assistant\] It is a small project\.\nRun \S+: completed\n$/,
    )
    expect(server.requests).toHaveLength(4)
    if (name === 'MemorySessionStore') return
    server.play([{ text: 'The same as yesterday.' }])
    const resume = await readFile(join(PROGRAMS, 'resume.js'), 'utf8')
    expect(await run(folder, server, written(resume))).toBe('The same as yesterday.\n')
    const { messages } = server.requests.at(-1)!.body
    expect(messages.map(({ role }: { role: string }) => role).join(' ')).toBe(
      'user assistant tool assistant user assistant user',
    )
    const history = await run(folder, server, written(await readFile(join(PROGRAMS, 'history.js'), 'utf8')))
    expect(history.split('\n')).toHaveLength(9)
    const replay = await run(folder, server, written(await readFile(join(PROGRAMS, 'run-replay.js'), 'utf8')))
    expect(replay.match(/^Run .*: completed$/gm)).toHaveLength(3)
    expect(replay).toMatch(/^ {2}0 run-start$/m)
    expect(server.problems).toEqual([])
  })
})

test('the guide and the README show the programs as they are', async () => {
  const quickStart = await readFile(join(PROGRAMS, 'quick-start.js'), 'utf8')
  expect(await readFile(join(ROOT, 'README.md'), 'utf8')).toContain(quickStart)
  const guide = await readFile(join(ROOT, 'docs/agent.md'), 'utf8')
  for (const file of await readdir(PROGRAMS))
    expect(guide).toContain(await readFile(join(PROGRAMS, file), 'utf8'))
})

test('importing forkpoint for the stores alone does not load the AI SDK', async () => {
  const server = await startServer()
  const folder = await projectWith(server)
  const program = `
    import 'forkpoint'
    import { Session } from 'node:inspector'
    const session = new Session()
    session.connect()
    const scripts = []
    session.on('Debugger.scriptParsed', ({ params }) => scripts.push(params.url))
    session.post('Debugger.enable')
    const sdk = scripts.filter((url) => /node_modules\\/(ai|@ai-sdk)\\//.test(url))
    console.log(JSON.stringify(sdk), scripts.some((url) => url.endsWith('/dist/index.js')))`
  expect(await run(folder, server, program)).toBe('[] true\n')
})

async function projectWith(server: ModelServer): Promise<string> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'node_modules'))
  await symlink(ROOT, join(folder, 'node_modules/forkpoint'), 'dir')
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'config.acl'), await readFile(join(PROGRAMS, 'config.acl')))
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:/)
  return folder
}

/** What a program prints. It has to end by itself, and soon. */
function run(folder: string, server: ModelServer, program: string): Promise<string> {
  const env = { ...process.env, OPENAI_API_KEY: 'not-a-real-key', OPENAI_BASE_URL: server.url }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
      env,
      timeout: 20_000,
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (text) => {
      out += text
    })
    child.stderr.on('data', (text) => {
      err += text
    })
    child.once('exit', (code) => {
      if (code === 0 && err === '') resolve(out)
      else reject(new Error(`ended with ${code}: ${err}`))
    })
  })
}
