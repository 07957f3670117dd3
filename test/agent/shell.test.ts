/** The parser of commands against bash itself: what bash runs, the parser has to have seen. */
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Permissions } from '../../src/agent/permissions/permissions.ts'
import type { PermissionPolicy } from '../../src/agent/permissions/policy.ts'
import { readShell } from '../../src/agent/permissions/shell/reading.ts'
import { temporaryFolder } from './agent-context.ts'

const RUNS = process.env.FORKPOINT_SOAK === '1' ? 20_000 : 600
const TOKENS = [
  ...[
    'aa',
    'bb',
    'rm',
    'aa',
    'x',
    '1',
    '-c',
    '=',
    'A=1',
    '$A',
    '${A}',
    '{A}',
    'EOF',
    'in',
    'EOF\n',
    '\nEOF\n',
  ],
  ...[
    ' ',
    ' ',
    ' ',
    '\t',
    '\n',
    '\r',
    '\\\n',
    '\\',
    ';',
    ';',
    '&',
    '&&',
    '||',
    '|',
    '|&',
    '!',
    '#',
    ' # ',
    '\u00a0',
  ],
  ...['(', ')', '$(', ')', '`', '`', '{ ', '; }', '<(', '((', '))', '$((', '))', '[ ', ' ]', '[[ ', ' ]]'],
  ...["'", '"', "'", '"', "$'", '$"', '\\"', "\\'", '\\`', '\\$', '$', '~', '*', '?'],
  ...['>f', '> f', '>>f', '2>&1', '&>f', '>&f', '<f', '<<EOF', '<<-EOF', "<<'EOF'", '<<<', '>|f', '<>f', '1'],
  ...[
    'if ',
    '; then ',
    '; else ',
    '; fi',
    'for x in ',
    '; do ',
    '; done',
    'while ',
    'case ',
    ' in ',
    ';;',
    ' esac',
    'function ',
  ],
  ...['aa() {', 'time ', 'coproc ', 'eval ', 'bash -c ', 'sh -c ', 'command ', 'exec ', 'then ', 'do '],
]

test('whatever bash runs of a command, the parser has named, or said that it does not know', async () => {
  const folder = await temporaryFolder()
  const bin = join(folder, 'bin')
  await mkdir(bin)
  for (const name of ['aa', 'bb', 'rm']) {
    await writeFile(join(bin, name), `#!/bin/bash\necho "$0" >> "$LOG"\n`)
    await chmod(join(bin, name), 0o755)
  }
  let known = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...TOKENS), { minLength: 1, maxLength: 14 }),
      async (tokens) => {
        const command = tokens.join('')
        const parsed = readShell(command)
        if (parsed.unclear !== undefined) return
        known++
        // One log a command: what it leaves in the background may write late.
        const log = join(folder, `log-${known}`)
        const env = { PATH: bin, A: 'rm', LOG: log }
        spawnSync('/bin/bash', ['-c', command], { cwd: folder, env, timeout: 2000, stdio: 'ignore' })
        const ran = (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
        const named = new Set(
          parsed.commands.flatMap(({ words }) => words.map((word) => word.replace(/^.*\//, ''))),
        )
        const unseen = ran.map((path) => path.replace(/^.*\//, '')).filter((name) => !named.has(name))
        expect(unseen, JSON.stringify(command)).toEqual([])
        // And as a command of its own, not as an argument, unless a wrapper runs its arguments.
        if (/\b(?:bash|sh|command|exec|eval|time|coproc)\b/.test(command)) return
        const firsts = new Set(parsed.commands.map(({ words }) => words[0]?.replace(/^.*\//, '')))
        const arguments_ = ran.map((path) => path.replace(/^.*\//, '')).filter((name) => !firsts.has(name))
        expect(arguments_, JSON.stringify(command)).toEqual([])
      },
    ),
    { numRuns: RUNS },
  )
  expect(known).toBeGreaterThan(RUNS / 20)
}, 600_000)

const WRAPPED = [
  ...[
    'aa',
    'bb',
    'rm',
    'x',
    '1',
    ' ',
    ' ',
    ' ',
    ' ',
    ';',
    '|',
    '&&',
    "'",
    '"',
    '$A',
    '"$A"',
    '$(',
    ')',
    '\\n',
    '{}',
    '+',
    '--',
    '=',
  ],
  ...[
    'env ',
    'nice ',
    'nohup ',
    'timeout 1 ',
    'xargs ',
    'xargs -I{} ',
    'find . -maxdepth 0 -exec ',
    ' \\;',
    'command ',
    'exec ',
  ],
  ...[
    "sh -c '",
    "bash -c '",
    'bash ',
    'eval ',
    'time ',
    'time -p ',
    'builtin ',
    '-n 1 ',
    '-i ',
    '-S',
    '-u A ',
    '-a x ',
  ],
  ...[
    'printf ',
    '-v ',
    "'a[$(rm)]'",
    "'a[$(rm)]=1' ",
    'test ',
    '[ ',
    ' ]',
    '[[ ',
    ' ]]',
    'declare ',
    '-i ',
    'export ',
    'read ',
    'unset ',
  ],
  ...[
    'PATH=. ',
    'A=rm',
    "A='a[$(rm)]'",
    'for A in rm',
    '; do ',
    '; done',
    '$((A))',
    '${A@P}',
    '${!A}',
    '<<< ',
    '<<E\n',
    '\nE\n',
    '<(',
    'cd ',
  ],
]

const POLICIES: Readonly<Record<string, PermissionPolicy>> = {
  'rm is denied': { deny: ['bash(rm:*)'], defaultDecision: 'allow' },
  'only others are allowed': {
    allow: [
      'aa',
      'bb',
      'env',
      'nice',
      'nohup',
      'timeout',
      'xargs',
      'find',
      'command',
      'exec',
      'sh',
      'time',
      'builtin',
    ]
      .concat(['printf', 'test', '[', '[[', 'declare', 'export', 'read', 'unset', 'cd', 'for'])
      .map((name) => `bash(${name}:*)`),
    defaultDecision: 'deny',
  },
}

test.each(Object.entries(POLICIES))(
  'where %s, no command that is allowed runs rm',
  async (_, policy) => {
    const folder = await temporaryFolder()
    const bin = join(folder, 'bin')
    await mkdir(bin)
    for (const name of ['aa', 'bb', 'rm']) {
      await writeFile(join(bin, name), `#!/bin/bash\necho "$0" >> "$LOG"\n`)
      await chmod(join(bin, name), 0o755)
    }
    const permissions = new Permissions(policy)
    let allowed = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...TOKENS, ...WRAPPED), { minLength: 1, maxLength: 10 }),
        async (tokens) => {
          const command = tokens.join('')
          const { decision } = permissions.decide({ tool: 'bash', kind: 'command', command })
          if (decision !== 'allow') return
          const log = join(folder, `log-${allowed++}`)
          const env = { PATH: `${bin}:/usr/bin:/bin`, A: 'rm', LOG: log }
          spawnSync('/bin/bash', ['-c', command], { cwd: bin, env, timeout: 2000, stdio: 'ignore' })
          expect(await readFile(log, 'utf8').catch(() => ''), JSON.stringify(command)).not.toMatch(/\brm$/m)
        },
      ),
      { numRuns: RUNS },
    )
    // About one in forty is, where only some are: few enough for chance to matter.
    expect(allowed).toBeGreaterThan(RUNS / 200)
  },
  600_000,
)
