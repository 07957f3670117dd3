import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { newMessage, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { DEMO, forkpoint, forkpointHere, jsonLines, MAIN, shell, workFolder } from './command-line.ts'

const cwd = await workFolder()
const run = (...args: string[]) => forkpoint(args, { cwd })
const here = (...args: string[]) => forkpointHere(args, { cwd })

// A pseudo terminal, from util-linux.
const terminal = await promisify(execFile)('script', ['--version']).then(
  ({ stdout }) => stdout.includes('util-linux'),
  () => false,
)

/** Runs `forkpoint` on a terminal of its own; both streams come back as one. */
function onTerminal(args: readonly string[], { env = {}, input = '' } = {}): Promise<string> {
  const { NO_COLOR, FORCE_COLOR, NODE_DISABLE_COLORS, CI, ...inherited } = process.env
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd,
    env: { ...inherited, TZ: 'UTC', TERM: 'xterm', GIT_PAGER: '', ...env },
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
    if (input !== '' && text.includes('[y/N]')) child.stdin.end(input)
  })
  return new Promise((resolve, reject) => child.on('error', reject).on('close', () => resolve(text)))
}

const HOSTILE = 'pwn\u001b]0;owned\u0007 \u001b[2J\u009b31m \u202eevil\u2066 \u007f\r\nnext'

beforeAll(async () => {
  const store = new GitSessionStore(join(cwd, 'sessions'))
  const session = newSession('hostile', {
    title: HOSTILE,
    metadata: { [HOSTILE]: HOSTILE },
    messages: [newMessage('user', HOSTILE)],
  })
  await store.save(session, { subject: HOSTILE, body: HOSTILE })
  await store.append('hostile', {
    messages: [
      newMessage('assistant', HOSTILE, {
        parts: [
          { type: 'text', text: HOSTILE },
          { type: HOSTILE },
          { type: 'tool-call', toolName: HOSTILE, input: { [HOSTILE]: HOSTILE } },
          { type: 'tool-result', toolName: HOSTILE, output: { type: 'text', value: HOSTILE } },
        ],
      }),
    ],
    set: { title: `${HOSTILE}2`, metadata: {} },
  })
  const steps = new GitSessionStore<Steps>(join(cwd, 'sessions'), { type: 'swe', collections: ['steps'] })
  await steps.save({ id: 'hostile-steps', steps: [{ id: 'a', action: HOSTILE }], goal: HOSTILE })
  await steps.append('hostile-steps', { steps: [{ id: 'b', action: 'ls' }] })
  await Promise.all([store.close(), steps.close()])
  await run('import', 'claude-code', DEMO, '--session', 'demo')
})

interface Steps {
  id: string
  goal: string
  steps: { id: string; action: string }[]
}

const READING = [
  ['list'],
  ['log', 'hostile', '--steps'],
  ['show', 'hostile', '--all', '--full'],
  ['show', 'hostile', '--all'],
  ['show', 'hostile-steps', '--full'],
  ['diff', 'hostile~1', 'hostile'],
  ['diff', 'hostile-steps~1', 'hostile-steps'],
  ['branches', 'hostile'],
  ['verify'],
  ['log', `no\u202e such\u009bthing`],
]

describe('text in a session', () => {
  it.each(READING)('cannot play with a terminal: %s %s', async (...args) => {
    const { stdout, stderr } = await here(...args)
    expect(stdout + stderr).not.toMatch(DANGEROUS)
  })

  it.each(READING)('cannot in JSON either: %s %s', async (...args) => {
    const { stdout, stderr } = await here(...args, '--json')
    expect(stdout + stderr).not.toMatch(DANGEROUS)
    expect(stdout + stderr).not.toBe('')
  })

  it('comes back whole in JSON', async () => {
    const { stdout } = await run('show', 'hostile~1', '--json')
    expect(JSON.parse(stdout).state).toMatchObject({ title: HOSTILE, metadata: { [HOSTILE]: HOSTILE } })
  })
})

// Everything a terminal or an editor obeys, tab and line feed apart.
const DANGEROUS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

describe('sessions of other types', () => {
  it('are listed, logged, shown, compared, tagged, forked and verified', async () => {
    expect((await here('list', '--type', 'swe')).stdout).toMatch(/^hostile-steps .*\[swe\]\n$/)
    expect((await here('show', 'hostile-steps')).stdout).toContain('steps: 2 items')
    const { state } = JSON.parse((await here('show', 'hostile-steps', '--json')).stdout)
    expect(state).toEqual({
      id: 'hostile-steps',
      steps: [
        { id: 'a', action: HOSTILE },
        { id: 'b', action: 'ls' },
      ],
      goal: HOSTILE,
    })
    expect((await here('diff', 'hostile-steps~1')).stdout).toMatch(/steps {2}1 added\n\+ #1 item\n/)
    expect((await here('tag', 'hostile-steps', 't')).code).toBe(0)
    expect((await here('fork', 'hostile-steps', '--session', 'steps-2')).code).toBe(0)
    expect((await here('show', 'steps-2', '--json')).stdout).toContain('"id": "steps-2"')
    expect((await here('delete', 'steps-2', '-y')).code).toBe(0)
    expect((await here('verify', 'hostile-steps')).code).toBe(0)
  })
})

describe('exit codes', () => {
  it.each([
    [0, ['--version']],
    [0, ['--help']],
    [0, ['log', '--help']],
    [0, ['import', 'claude-code', '--help']],
    [2, []],
    [2, ['import']],
    [2, ['frobnicate']],
    [2, ['log']],
    [2, ['log', 'demo', '--frobnicate']],
    [2, ['log', 'demo', '-n', '-1']],
    [2, ['log', 'demo', 'main']],
    [2, ['fork', 'demo']],
    [2, ['tag', 'demo', 'a~b']],
    [2, ['delete', 'demo', '--branch', 'a', '--tag', 'b']],
    [3, ['fork', 'demo', '--branch', 'rewind-1']],
    [3, ['fork', 'demo', '--session', 'hostile']],
    [3, ['import', 'claude-code', DEMO, '--session', 'hostile']],
    [4, ['list', '--store', 'nowhere']],
    [4, ['log', 'nobody']],
    [4, ['show', 'demo/nothing']],
    [4, ['show', 'demo/main~99']],
    [4, ['switch', 'demo', 'nothing']],
    [4, ['delete', 'demo', '--branch', 'nothing', '--yes']],
    [0, ['export', 'claude-code', 'hostile']],
  ] as const)('%i: %j', async (expected, args) => {
    const { code, stderr } = await here(...args)
    expect(code).toBe(expected)
    expect(stderr).not.toMatch(/^ +at /m)
    if (expected !== 0) expect(stderr).not.toBe('')
  })

  it('wrong use says where help is', async () => {
    expect((await run('import', 'claude-code')).stderr).toBe(
      "forkpoint: Missing required argument 'path'\n'forkpoint import claude-code --help' shows the usage.\n",
    )
  })

  it('every verb has a help with an example', async () => {
    const { stdout } = await run('--help')
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+) .*/gm)].map(([, verb]) => verb as string)
    expect(verbs).toEqual(
      expect.arrayContaining([
        'import',
        'export',
        'log',
        'show',
        'list',
        'branches',
        'switch',
        'diff',
        'fork',
        'tag',
        'delete',
        'verify',
        'maintain',
      ]),
    )
    for (const verb of verbs) {
      const words = ['import', 'export'].includes(verb) ? [verb, 'claude-code'] : [verb]
      expect((await here(...words, '--help')).stdout).toContain('Example:\n  $ forkpoint ')
    }
  })
})

describe('errors', () => {
  it('are one JSON document on stderr with --json', async () => {
    const { stdout, stderr } = await run('show', 'demo/nothing', '--json')
    expect(stdout).toBe('')
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'NOT_FOUND',
        kind: 'revision',
        id: 'nothing',
        session: 'demo',
        message: expect.any(String),
      },
    })
    expect(JSON.parse((await run('frobnicate', '--json')).stderr)).toEqual({
      error: { code: 'USAGE', message: "Unknown command 'frobnicate'" },
    })
  })

  it('show where they come from only when asked', async () => {
    expect((await run('log', 'nobody')).stderr).not.toMatch(/^ +at /m)
    expect((await run('log', 'nobody', '--debug')).stderr).toMatch(/^ +at /m)
    const { stderr } = await forkpoint(['log', 'nobody'], { cwd, env: { FORKPOINT_DEBUG: '1' } })
    expect(stderr).toMatch(/^ +at /m)
  })

  it('an unknown session says how to see the others', async () => {
    expect((await run('log', 'nobody')).stderr).toBe(
      "forkpoint: There is no session 'nobody' in the store.\n'forkpoint list' shows the sessions of ./sessions.\n",
    )
  })
})

describe('the store', () => {
  it('is --store, else FORKPOINT_STORE, else ./sessions', async () => {
    const env = { FORKPOINT_STORE: join(cwd, 'from-env') }
    await forkpoint(['import', 'claude-code', DEMO, '--session', 'env'], { cwd, env })
    expect((await forkpoint(['list'], { cwd, env })).stdout).toMatch(/^env /)
    expect((await forkpoint(['list', '--store', 'sessions'], { cwd, env })).stdout).toMatch(/^demo /m)
    expect((await forkpoint(['--store', 'sessions', 'list'], { cwd, env })).stdout).toMatch(/^demo /m)
    expect((await run('list')).stdout).toMatch(/^demo /m)
  })
})

describe('a pipe', () => {
  it('that is closed early ends the command quietly', async () => {
    for (const command of ['log demo', 'show demo --all --full', 'list --json', 'export claude-code demo']) {
      const { code, stderr, stdout } = await shell(`set -o pipefail; $FP ${command} | head -n 1`, { cwd })
      expect({ code, stderr: stderr.replace(/^note: .*\n/, ''), lines: stdout.split('\n').length }).toEqual({
        code: 0,
        stderr: '',
        lines: 2,
      })
    }
  })

  it('does not stop what changes the store', async () => {
    await shell(`$FP import claude-code ${DEMO} --session piped | true`, { cwd })
    expect(jsonLines((await run('log', 'piped', '--json')).stdout).length).toBe(12)
    await run('delete', 'piped', '-y')
  })

  it('gets no colours and no progress', async () => {
    const { stdout, stderr } = await run('import', 'claude-code', DEMO, '--session', 'plain')
    expect(stdout + stderr).not.toMatch(/[\u001b\r]/)
    await run('delete', 'plain', '-y')
  })

  it.runIf(process.platform === 'linux')('that is full is an error', async () => {
    const { code, stderr } = await shell('$FP log demo > /dev/full', { cwd })
    expect(stderr).toBe('forkpoint: Writing the output failed (ENOSPC).\n')
    expect(code).toBe(1)
  })
})

describe.runIf(terminal)('a terminal', () => {
  it('gets colours, unless NO_COLOR says otherwise', async () => {
    expect(await onTerminal(['log', 'demo'])).toContain('\u001b[33m')
    expect(await onTerminal(['log', 'demo'], { env: { NO_COLOR: '1' } })).not.toContain('\u001b')
    expect(await onTerminal(['log', 'demo'], { env: { TERM: 'dumb' } })).not.toContain('\u001b')
  })

  it('sees progress, which is taken away', async () => {
    const text = await onTerminal(['import', 'claude-code', DEMO, '--session', 'watched'])
    expect(text).toMatch(/import: demo-session\.jsonl, turn \d+ of 14/)
    expect(text).toMatch(/\r\u001b\[K[^\r]*imported/)
  })

  it('is asked before something is deleted', async () => {
    const no = await onTerminal(['delete', 'watched'], { input: 'n\n' })
    expect(no).toContain('Delete session watched with 2 branches?')
    expect(no).toContain('Nothing was deleted.')
    expect((await run('log', 'watched', '-n', '1')).code).toBe(0)
    expect(await onTerminal(['delete', 'watched'], { input: 'y\n' })).toContain('Deleted ')
    expect((await run('log', 'watched')).code).toBe(4)
  })

  it('is shown harmlessly even what is exact in a pipe', async () => {
    expect(await onTerminal(['export', 'claude-code', 'demo'])).toContain('"type":"user"')
  })
})
