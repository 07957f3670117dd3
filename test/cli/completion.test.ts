/** Completion in real shells. Those that are not installed are skipped, which is said. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { forkpointHere, MAIN, shell, workFolder } from './command-line.ts'

let cwd: string
const HOSTILE = '$(touch pwned)\'`x` "y'

const isInstalled = (name: string): boolean => {
  try {
    execFileSync(name, ['-c', 'exit 0'])
    return true
  } catch {
    console.warn(`Completion in ${name} is SKIPPED: it is not installed.`)
    return false
  }
}

beforeAll(async () => {
  cwd = await workFolder()
  const store = new GitSessionStore(join(cwd, 'sessions'))
  for (const id of ['demo', 'demonstration', 'team:a', HOSTILE]) await store.save(newSession(id))
  await store.fork('demo', { branch: 'try-postgres' })
  await store.tag('demo', 'tests-green')
  await store.close()
  mkdirSync(join(cwd, 'bin'))
  writeFileSync(join(cwd, 'bin', 'forkpoint'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`)
  chmodSync(join(cwd, 'bin', 'forkpoint'), 0o755)
})

const inFolder = () => ({ cwd, env: { PATH: `${join(cwd, 'bin')}:${process.env.PATH}` } })
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

const asked = async (...words: string[]): Promise<string[]> =>
  lines(
    (await forkpointHere(['completion', 'bash', ...words.map((word) => `=${word}`)], { cwd })).stdout,
  ).sort()

describe('The candidates', () => {
  test.each<[string[], string[]]>([
    [['sho'], ['show']],
    [
      ['export', 'open'],
      ['openai-messages', 'opencode', 'openhands'],
    ],
    [
      ['show', 'demo'],
      ['demo', 'demonstration'],
    ],
    [
      ['show', 'demo/t'],
      ['demo/tests-green', 'demo/try-postgres'],
    ],
    [['diff', 'demo/main', 'demo/ma'], ['demo/main']],
    [['switch', 'demo', 't'], ['try-postgres']],
    [['delete', 'demo', '--tag', ''], ['tests-green']],
    [['search', 'word', '--session', 'team'], ['team:a']],
    [['show', '--sta'], ['--stat']],
    [['show', '--stor'], ['--store']],
    [['show', 'none/x'], []],
    [['--store', 'nowhere', 'show', ''], []],
    [
      ['completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
  ])('for %j are %j', async (words, expected) => {
    expect(await asked(...words)).toEqual(expected)
  })

  test('are the sessions of the store that is named', async () => {
    expect(await asked('--store', join(cwd, 'sessions'), 'show', 'demon')).toEqual(['demonstration'])
  })

  test('are for shells that are known', async () => {
    expect((await forkpointHere(['completion', 'tcsh'], { cwd })).code).toBe(2)
  })
})

describe.skipIf(!isInstalled('bash'))('bash', () => {
  const complete = (then: string, ...words: string[]) =>
    shell(
      `source <(forkpoint completion bash)
       COMP_WORDS=(forkpoint ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')})
       COMP_CWORD=${words.length}
       _forkpoint
       ${then}`,
      inFolder(),
    )

  test('offers sessions, branches and tags', async () => {
    const { stdout, stderr } = await complete('printf "%s\\n" "${COMPREPLY[@]}"', 'show', 'demo/t')
    expect([lines(stdout).sort(), stderr]).toEqual([['demo/tests-green', 'demo/try-postgres'], ''])
  })

  test('completes a word that it cuts in pieces', async () => {
    const { stdout } = await complete('printf "%s\\n" "${COMPREPLY[@]}"', 'show', 'team', ':', '')
    expect(lines(stdout)).toEqual(['a'])
  })

  test('runs nothing that stands in an id', async () => {
    const { stdout } = await complete('eval "printf %s ${COMPREPLY[0]}"', 'show', '$(t')
    expect(stdout).toBe(HOSTILE)
    expect(existsSync(join(cwd, 'pwned'))).toBe(false)
  })
})

describe.skipIf(!isInstalled('zsh'))('zsh', () => {
  test('offers sessions, branches and tags', async () => {
    // A terminal of its own, in which TAB is pressed twice: the list stands below the line.
    const script = `
      zmodload zsh/zpty
      zpty z "zsh -f -i"
      zpty -w z "PS1=; autoload -U compinit; compinit -D -u; source <(forkpoint completion zsh); print REA''DY"
      zpty -r z out '*READY*'
      zpty -w -n z $'forkpoint show demo/t\\t\\t'
      zpty -r z all '*tests-green*try-postgres*'
      print -r -- "$all"
      zpty -d z`
    const file = join(cwd, 'ask.zsh')
    writeFileSync(file, script)
    const { stdout } = await shell(`timeout 60 zsh -f '${file}'`, inFolder())
    expect(stdout).toContain('tests-green')
    expect(stdout).toContain('try-postgres')
  })
})

describe.skipIf(!isInstalled('fish'))('fish', () => {
  const complete = (typed: string) =>
    shell(
      `HOME='${cwd}' fish --no-config -c 'forkpoint completion fish | source; complete -C "$argv[1]"' -- '${typed}'`,
      inFolder(),
    )

  test('offers sessions, branches and tags', async () => {
    const { stdout } = await complete('forkpoint show demo/t')
    expect(lines(stdout).sort()).toEqual(['demo/tests-green', 'demo/try-postgres'])
  })

  test('offers verbs', async () => {
    expect(lines((await complete('forkpoint sho')).stdout)).toEqual(['show'])
  })
})
