/** Files and folders that the user names: what is wrong with one is said about it, in words. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { DEMO, forkpointHere, workFolder } from './command-line.ts'

const cwd = await workFolder()
const at = (name: string) => join(cwd, name)
const run = (...args: string[]) => forkpointHere(args, { cwd, env: { XDG_CACHE_HOME: cwd, HOME: cwd } })
const [MISSING, FOLDER, NOWHERE, FULL] = [at('missing'), at('folder'), at('none/file'), '/dev/full']

/** What is asked of each option and argument that names a file; `%` is the file. */
const READ = [
  'log demo --prices %',
  'log demo --allowed-signers %',
  'show demo --stat --prices %',
  'stats --prices %',
  'view demo --no-open --prices %',
  'export html demo --prices %',
  'export markdown demo --prices %',
  'verify --signatures --allowed-signers %',
  'scan --rules %',
  'redact demo --rules %',
  'redact demo --text-file %',
  'import %',
  'import codex %',
  'import --all --importer %',
  'bundle fresh.bundle --since %',
  'fork demo --session signed --sign %',
]
const WRITTEN = ['export html demo -o %', 'export markdown demo -o %', 'bundle %', 'scan --sarif %']

beforeAll(async () => {
  mkdirSync(FOLDER)
  await run('import', 'claude-code', DEMO, '--session', 'demo')
})

test('the tables name every option that takes a file', async () => {
  const verbs = (await run('--help')).stdout.matchAll(/^ {2}([a-z]+) /gm)
  const named = new Set<string>()
  for (const [, verb = ''] of verbs) {
    if (['completion', 'help'].includes(verb)) continue
    for (const name of [
      [verb],
      ...(verb === 'export'
        ? [
            ['export', 'html'],
            ['export', 'markdown'],
          ]
        : []),
    ]) {
      const own = (await run(...name, '--help')).stdout.split('Global Options:')[0] ?? ''
      for (const [, option] of own.matchAll(/(--[a-z-]+) <(?:file|bundle\|date|module|key)>/g))
        named.add(`${name.join(' ')} ${option}`)
    }
  }
  const tried = [...READ, ...WRITTEN].map((line) => line.replace(' -o ', ' --output '))
  const untried = [...named].filter(
    (one) => !tried.some((line) => one.split(' ').every((word) => line.split(' ').includes(word))),
  )
  expect(untried).toEqual([])
})

test.each(READ)('%s: a file that is not there, and one that is a folder', async (line) => {
  for (const path of [MISSING, join(DEMO, 'inside'), FOLDER]) {
    if (path === FOLDER && line.startsWith('import')) continue
    const { code, stdout, stderr } = await run(...line.split(' ').map((word) => (word === '%' ? path : word)))
    expect([code, stdout]).toEqual([expect.toSatisfy((found) => found !== 0), ''])
    expect(stderr).toContain(path)
    expect(stderr).not.toMatch(/E[A-Z]{4,}|unexpected|Earlier saves/)
  }
})

test.each(WRITTEN)('%s: a place where no file can be written, and a full disk', async (line) => {
  const paths = process.platform === 'linux' ? [NOWHERE, FOLDER, FULL] : [NOWHERE, FOLDER]
  for (const path of paths) {
    const isReplaced = path === FULL && line.startsWith('export')
    const words = [...line.split(' '), ...(isReplaced ? ['--overwrite'] : [])]
    const { code, stderr } = await run(...words.map((word) => (word === '%' ? path : word)))
    expect(code).not.toBe(0)
    expect(stderr).toContain(path)
    expect(stderr).not.toMatch(/E[A-Z]{4,}|unexpected/)
  }
  expect(readdirSync(cwd)).not.toContain('none')
})

test.each(['export html demo -o %', 'export markdown demo -o %', 'export claude-code demo -o %', 'bundle %'])(
  '%s: an existing file stays, and the message says how to replace it',
  async (line) => {
    const words = (path: string) => line.split(' ').map((word) => (word === '%' ? path : word))
    const path = at(`twice-${line.split(' ')[1]}`)
    await run(...words(path))
    const { code, stderr } = await run(...words(path))
    expect(code).toBe(3)
    expect(stderr).toContain('already exists')
    expect(stderr).toContain('--overwrite')
    expect((await run(...words(path), '--overwrite')).code).toBe(0)
  },
)

test('an import stops at the first file when the store cannot be written', async () => {
  const files = at('files')
  mkdirSync(files)
  for (const name of ['a', 'b', 'c']) writeFileSync(join(files, `${name}.jsonl`), readFileSync(DEMO))
  const { code, stderr } = await run('import', files, '--store', DEMO)
  expect(code).toBe(1)
  expect(stderr.match(/forkpoint:/g)).toHaveLength(1)
})
