import { execFile } from 'node:child_process'
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ROOT } from '../support/build.ts'
import { workFolder } from './command-line.ts'

const cwd = await workFolder()
const DEMO = join(ROOT, 'scripts', 'demo.mjs')
const exec = promisify(execFile)

function demo(
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<{ stdout: string; stderr: string; code: number }> {
  return exec(process.execPath, [DEMO, ...args], {
    cwd,
    env: { ...process.env, INIT_CWD: cwd, ...env },
  }).then(
    (result) => ({ ...result, code: 0 }),
    (error) => error,
  )
}

it('the demo leaves a store that plain git and its own three commands read', async () => {
  const { stdout, code } = await demo()
  expect(code).toBe(0)
  const commands = stdout.split('The store is ./demo-store. Try:')[1]?.match(/^ {2}git .*$/gm) ?? []
  expect(commands).toHaveLength(3)
  for (const command of commands) {
    expect((await exec('bash', ['-c', command], { cwd, maxBuffer: 1 << 26 })).stdout).not.toBe('')
  }
  const { stdout: fsck } = await exec('git', ['--git-dir=demo-store', 'fsck', '--strict'], { cwd })
  expect(fsck).toBe('')
  expect(stdout).toContain('turn 12: What is left before a release?')
  expect(stdout).toContain('+> Three things:')
  expect(stdout).toContain('+    "Any of them can go on, another way.",')
})

it('the demo replaces its own store, and no other', async () => {
  expect((await demo()).code).toBe(0)
  await rm(join(cwd, 'demo-store'), { recursive: true })
  await mkdir(join(cwd, 'demo-store'))
  await writeFile(join(cwd, 'demo-store', 'precious'), 'mine')
  const { code, stderr } = await demo()
  expect(code).toBe(1)
  expect(stderr).toBe('./demo-store is there already, and no demo made it. Move it away, then try again.\n')
  expect(await readFile(join(cwd, 'demo-store', 'precious'), 'utf8')).toBe('mine')
  await rm(join(cwd, 'demo-store'), { recursive: true })
})

it('the demo takes a session of your own, even one of a single turn', async () => {
  const at = '2025-01-01T00:00:00.000Z'
  const lines = [
    {
      type: 'user',
      uuid: 'a',
      parentUuid: null,
      sessionId: 's',
      timestamp: at,
      message: { role: 'user', content: 'hi \u001b[2J' },
    },
    {
      type: 'assistant',
      uuid: 'b',
      parentUuid: 'a',
      sessionId: 's',
      timestamp: at,
      message: { id: 'm', role: 'assistant', model: 'x', content: [{ type: 'text', text: 'hello' }] },
    },
  ]
  await writeFile(join(cwd, 'my own.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const { stdout, code } = await demo(['my own.jsonl'])
  expect(code).toBe(0)
  expect(stdout).toContain("$ npx forkpoint import claude-code 'my own.jsonl' --session demo")
  expect(stdout).not.toContain('\u001b')
  expect((await demo(['nothing.jsonl'])).stderr).toBe("There is no file 'nothing.jsonl'.\n")
})

it('the demo says so when there is no git', async () => {
  const { code, stderr } = await demo([], { PATH: cwd })
  expect(code).toBe(1)
  expect(stderr).toContain('there is no git on the PATH')
  await expect(access(join(cwd, 'demo-store', 'HEAD'))).resolves.toBeUndefined()
})
