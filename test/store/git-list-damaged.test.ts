/** What can be damaged of one session, and that all others are listed, imported and deleted all the same. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { all } from '../../src/testing/context.ts'
import { forkpointHere, jsonLines } from '../cli/command-line.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, fill, storeAt } from './support/git-store.ts'
import { lose } from './support/remade.ts'

const DAMAGES: [string, (folder: string) => void][] = [
  ['its ref is empty', (folder) => writeFileSync(join(folder, 'refs/heads/b/main'), '')],
  ['its ref is garbage', (folder) => writeFileSync(join(folder, 'refs/heads/b/main'), 'garbage\n')],
  [
    'its ref names no object',
    (folder) => writeFileSync(join(folder, 'refs/heads/b/main'), `${'1'.repeat(40)}\n`),
  ],
  [
    'its ref names a tree',
    (folder) =>
      writeFileSync(
        join(folder, 'refs/heads/b/main'),
        `${gitText(folder, ['rev-parse', 'b/main^{tree}'])}\n`,
      ),
  ],
  [
    'its active branch is garbage',
    (folder) => {
      mkdirSync(join(folder, 'refs/forkpoint/active'), { recursive: true })
      writeFileSync(join(folder, 'refs/forkpoint/active/b'), '')
    },
  ],
  ['its tree is lost', (folder) => lose(folder, gitText(folder, ['rev-parse', 'b/main^{tree}']))],
  [
    'its session.json is lost',
    (folder) => lose(folder, gitText(folder, ['rev-parse', 'b/main:session.json'])),
  ],
  [
    'its folder of messages is lost',
    (folder) => lose(folder, gitText(folder, ['rev-parse', 'b/main:messages'])),
  ],
]

test.each(DAMAGES)('%s', async (_, damage) => {
  const cwd = tempFolder()
  const folder = join(cwd, 'sessions')
  const store = storeAt(folder)
  for (const id of ['a', 'b', 'c']) await fill(store, id, 2)
  await store.close()
  damage(folder)
  const other = storeAt(folder)
  const listed = await all(other.list({ order: 'id' }))
  expect(listed.map(({ id, problem }) => [id, problem !== undefined])).toEqual([
    ['a', false],
    ['b', true],
    ['c', false],
  ])
  expect(listed[1]!.problem!.message).not.toBe('')
  expect((await other.verify()).problems.length).toBeGreaterThan(0)
  expect(await other.stats()).toMatchObject({ sessions: 3, branches: 3 })
  await other.delete('a')
  await other.save(emptySession('d'))
  await other.close()
  const shown = await forkpointHere(['list'], { cwd })
  expect([shown.code, shown.stdout.split('\n').filter((line) => line.includes('damaged'))]).toEqual([
    1,
    [expect.stringMatching(/^b /)],
  ])
  expect(shown.stderr).toMatch(/^1 session could not be read; 'forkpoint verify' shows why\./)
  const json = await forkpointHere(['list', '--json', '--by-id'], { cwd })
  expect(jsonLines(json.stdout).map(({ id }) => id)).toEqual(['b', 'c', 'd'])
})
