/** Reading verbs on a terminal: the pager that git would start, and none elsewhere. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { knowsLinks, pagerKnowsLinks } from '../../src/cli/terminal/links.ts'
import { pagerCommand } from '../../src/cli/terminal/pager.ts'
import { widthOf } from '../../src/view/terminal/width.ts'
import { DEMO, forkpointHere, workFolder } from './command-line.ts'

let cwd: string
beforeAll(async () => {
  cwd = await workFolder()
  for (const id of ['demo', '3f2a91bc-0d4e-4f6a-8b7c-112233445566', 'archived', 'deleted'])
    await forkpointHere(['import', 'claude-code', DEMO, '--session', id], { cwd })
  await forkpointHere(['tag', 'demo/main~5', 'a-name-for-a-turn'], { cwd })
  await forkpointHere(['archive', 'archived', '--yes'], { cwd })
  await forkpointHere(['delete', 'deleted', '--yes'], { cwd })
})

async function onTerminal(
  args: readonly string[],
  env: Record<string, string>,
  columns = 500,
): Promise<string> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  Object.assign(stdout, { isTTY: true, columns })
  const streams = { stdin, stdout, stderr } as unknown as Parameters<typeof runCli>[1]
  const said = text(stdout)
  await runCli(args, streams, { FORKPOINT_STORE: join(cwd, 'sessions'), ...env })
  stdout.end()
  return said
}

test('The pager is the one of git, then the one of the user, then less', () => {
  expect(pagerCommand({ GIT_PAGER: 'a', PAGER: 'b' })).toBe('a')
  expect(pagerCommand({ PAGER: 'b' })).toBe('b')
  expect(pagerCommand({ GIT_PAGER: '', PAGER: 'b' })).toBeUndefined()
  expect(pagerCommand({ PAGER: 'cat' })).toBeUndefined()
})

test('Links are written only where the terminal is known to open them', () => {
  const known = [
    { TERM: 'xterm-kitty' },
    { VTE_VERSION: '6800', TERM: 'xterm-256color' },
    { TERM_PROGRAM: 'iTerm.app', TERM_PROGRAM_VERSION: '3.5.0' },
    { TERM_PROGRAM: 'vscode', TERM_PROGRAM_VERSION: '1.95.1' },
    { FORCE_HYPERLINK: '1', TERM: 'dumb' },
  ]
  const others = [
    {},
    { TERM: 'xterm-256color' },
    { TERM: 'xterm-kitty', TMUX: '/tmp/tmux' },
    { VTE_VERSION: '5000' },
    { TERM_PROGRAM: 'Apple_Terminal', TERM_PROGRAM_VERSION: '455' },
    { TERM_PROGRAM: 'vscode', TERM_PROGRAM_VERSION: '1.71.0' },
    { TERM: 'xterm-kitty', FORCE_HYPERLINK: '0' },
  ]
  expect(known.filter((env) => !knowsLinks(env))).toEqual([])
  expect(others.filter((env) => knowsLinks(env))).toEqual([])
  expect(pagerKnowsLinks('more', {})).toBe(false)
  expect(pagerKnowsLinks('less', { LESS: 'FX' })).toBe(false)
})

describe.skipIf(process.platform === 'win32')('On a terminal', () => {
  test.each([
    ['log', ['log', 'demo']],
    ['log --graph', ['log', 'demo', '--graph']],
    ['show', ['show', 'demo']],
    ['diff', ['diff', 'demo~1', 'demo']],
    ['search', ['search', 'parser']],
  ])('%s is read in a pager', async (_, args) => {
    const file = join(cwd, `${args[0]}.txt`)
    const elsewhere = await forkpointHere(args, { cwd })
    expect(await onTerminal(args, { GIT_PAGER: `cat > '${file}'` })).toBe('')
    expect(readFileSync(file, 'utf8')).toBe(elsewhere.stdout)
    expect(elsewhere.stdout).not.toBe('')
  })

  test('a reader who leaves early ends it', async () => {
    expect(await onTerminal(['show', 'demo', '--all', '--full'], { GIT_PAGER: 'true' })).toBe('')
  })

  test('no line is wider than the terminal', async () => {
    const shown = await onTerminal(['show', 'demo', '--all', '--full'], { GIT_PAGER: '' }, 40)
    expect(Math.max(...shown.split('\n').map(widthOf))).toBe(40)
    const log = await onTerminal(['log', 'demo'], { GIT_PAGER: '' }, 60)
    expect(Math.max(...log.split('\n').map(widthOf))).toBeLessThanOrEqual(60)
  })

  test.each([
    ['list'],
    ['list', '--archived'],
    ['stats'],
    ['stats', '--by', 'project'],
    ['branches', 'demo'],
    ['tag', 'demo'],
    ['restore'],
    ['archive', '--older-than', '1d'],
    ['prune', '--max-count', '0'],
  ])('%s has one line per row, cut to the terminal, and nothing is cut elsewhere', async (...args) => {
    const elsewhere = (await forkpointHere(args, { cwd })).stdout.split('\n')
    expect(elsewhere.join('')).not.toBe('')
    for (const width of [80, 60]) {
      const shown = (await onTerminal(args, { NO_COLOR: '1' }, width)).split('\n')
      expect(Math.max(...shown.map(widthOf))).toBeLessThanOrEqual(width)
      expect(shown.length).toBe(elsewhere.length)
    }
    const wide = (await onTerminal(args, { NO_COLOR: '1' })).split('\n')
    expect(wide).toEqual(elsewhere)
  })

  test('a list keeps ids whole as long as it can', async () => {
    const [first = ''] = (await onTerminal(['list'], {}, 60)).split('\n')
    expect(first).toMatch(/^3f2a91bc-0d4e-4f6a-8b7c-112233445566 {2}Newlines inside quo/)
    expect((await onTerminal(['stats'], {}, 80)).split('\n')[1]).toMatch(/^(?:demo {32}|3f2a91bc-\S{27}) /)
  })

  test('JSON goes through none', async () => {
    expect(await onTerminal(['log', 'demo', '--json'], { GIT_PAGER: 'false' })).toContain('"subject"')
  })
})

test('The branches of a session are drawn beside each other', async () => {
  await forkpointHere(['fork', 'demo/main~2', '--branch', 'other'], { cwd })
  const { stdout } = await forkpointHere(['log', 'demo', '--graph', '-n', '3'], { cwd })
  expect(stdout.split('\n').map((line) => line[0])).toEqual(['●', '●', '●', undefined])
  expect(stdout).toContain('(other)')
})

test('help names a verb as --help does', async () => {
  const [help, flag] = await Promise.all([
    forkpointHere(['help', 'log'], { cwd }),
    forkpointHere(['log', '--help'], { cwd }),
  ])
  expect(help).toEqual(flag)
  expect(help.code).toBe(0)
})
