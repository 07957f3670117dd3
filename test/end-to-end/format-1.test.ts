/** Format 1 as it is frozen: every byte of the fixtures, and a reader that knows nothing but git and the page. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { IMPORTERS } from '../../src/importers/index.ts'
import { GitSessionStore } from '../../src/index.ts'
import { git, tempFolder } from '../git/real-git.ts'
import { ROOT } from '../support/build.ts'
import { unpack } from './support/fixture.ts'

const FIXTURES = join(ROOT, 'fixtures', 'format-1')
const names = readdirSync(FIXTURES).map((file) => file.replace(/\.txt$/, ''))
const TRANSCRIPTS = join(ROOT, '..', 'shared', 'transcripts')
/** Tools of which there are real transcripts. */
const TOOLS = IMPORTERS.map(({ name }) => name).filter((name) => existsSync(join(TRANSCRIPTS, name)))
const python = [process.env.PYTHON, 'python3', 'python'].find(
  (name) =>
    name !== undefined &&
    spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0,
)
if (python === undefined)
  console.warn('\n*** NOT TESTED: the reader without Node. There is no Python 3.9. ***\n')
if (TOOLS.length === 0)
  console.warn(`\n*** NOT TESTED: real transcripts. There are none in ${TRANSCRIPTS}. ***\n`)

test('what is written today is what the fixtures hold, byte for byte', { timeout: 600_000 }, () => {
  const made = tempFolder()
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'make-fixtures.mjs'), '--into', made])
  expect(readdirSync(made).sort()).toEqual(readdirSync(FIXTURES).sort())
  for (const file of readdirSync(made)) {
    const isSame = readFileSync(join(made, file)).equals(readFileSync(join(FIXTURES, file)))
    expect(
      isSame,
      `${file} has changed, and with it the format. If it may: npm run fixtures, and look at git diff.`,
    ).toBe(true)
  }
})

describe.each(names)('the fixture %s', (name) => {
  test('is a healthy repository to git and to verify', async () => {
    const folder = unpack(join(FIXTURES, `${name}.txt`))
    git(folder, ['fsck', '--strict'])
    const store = new GitSessionStore(folder)
    expect(await store.verify()).toMatchObject({ ok: true, problems: [] })
    await store.close()
  })

  test.skipIf(python === undefined)('reads the same without Node', () =>
    compare(unpack(join(FIXTURES, `${name}.txt`))),
  )
})

test.skipIf(python === undefined || TOOLS.length === 0).each(TOOLS)(
  'real transcripts of %s read the same without Node',
  { timeout: 1_800_000 },
  async (tool) => {
    const folder = join(tempFolder(), 'sessions')
    const words = ['import', tool, join(TRANSCRIPTS, tool), '--store', folder, '--json']
    spawnSync(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...words], { stdio: 'ignore' })
    expect(await compare(folder)).toBeGreaterThan(0)
  },
)

const READ_ALL = `
import json, sys
sys.path.insert(0, sys.argv[1])
from forkpoint.reader import read
for session, at in json.load(sys.stdin):
    print(json.dumps(read(sys.argv[2], session, at=at)))
`

/** Holds the reader in Python against \`load\`, at checkpoints of every branch; returns how many were compared. */
async function compare(folder: string): Promise<number> {
  const store = new GitSessionStore(folder)
  let compared = 0
  for await (const { id: session, type } of store.list()) {
    const view = store.view({ type: type ?? 'session', collections: [] })
    const places: (string | undefined)[] = [undefined]
    for (const { name } of await view.branches(session)) {
      const ids: string[] = []
      for await (const { id } of view.log(session, { at: name })) ids.push(id)
      places.push(...spread(ids, 6))
    }
    const input = JSON.stringify(places.map((at) => [session, at ?? null]))
    const output = execFileSync(python!, ['-c', READ_ALL, join(ROOT, 'python'), folder], {
      input,
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    })
    for (const [n, line] of output.trimEnd().split('\n').entries()) {
      const at = places[n]
      assert.deepStrictEqual(JSON.parse(line), await view.load(session, at === undefined ? {} : { at }))
      compared++
    }
  }
  await store.close()
  return compared
}

/** The first, the last, and some between. */
const spread = <T>(all: readonly T[], count: number): T[] =>
  all.filter((_, n) => n === all.length - 1 || n % Math.ceil(all.length / count) === 0)
