/** What can be damaged of one session, and that all others are listed and found all the same. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ForkpointClaudeStore } from '../../../src/adapters/claude-agent/index.ts'
import { CorruptError, type Problem } from '../../../src/index.ts'
import { lose } from '../../store/support/remade.ts'
import { Conversation, git, newKey, newStoreFolder, PROJECT } from './context.ts'

type Damage = (folder: string, name: string) => void

const revision = (folder: string, text: string): string => git(folder, 'rev-parse', text).trim()

const DAMAGES: [string, Damage][] = [
  ['its ref is empty', (folder, name) => writeFileSync(join(folder, `refs/heads/${name}/main`), '')],
  [
    'its ref names no object',
    (folder, name) => writeFileSync(join(folder, `refs/heads/${name}/main`), `${'1'.repeat(40)}\n`),
  ],
  [
    'its active branch is garbage',
    (folder, name) => {
      mkdirSync(join(folder, 'refs/forkpoint/active'), { recursive: true })
      writeFileSync(join(folder, `refs/forkpoint/active/${name}`), '')
    },
  ],
  ['its tree is lost', (folder, name) => lose(folder, revision(folder, `${name}/main^{tree}`))],
  ['its session.json is lost', (folder, name) => lose(folder, revision(folder, `${name}/main:session.json`))],
]

test.each(DAMAGES)('%s', async (_, damage) => {
  const folder = await newStoreFolder()
  const keys = [newKey(), newKey(), newKey()]
  const store = new ForkpointClaudeStore(folder)
  for (const key of keys) await store.append(key, new Conversation(key.sessionId).turn('one'))
  const [first, bad, last] = keys.map(({ sessionId }) => sessionId) as [string, string, string]
  const refs = git(folder, 'for-each-ref', '--format=%(refname)', 'refs/heads').split('\n')
  const name = refs.find((ref) => ref.includes(bad))!.slice('refs/heads/'.length, -'/main'.length)
  await store.close()
  damage(folder, name)
  const problems: Problem[] = []
  const other = new ForkpointClaudeStore(folder, { onProblem: (problem) => problems.push(problem) })
  const ids = (listed: { sessionId: string }[]) => listed.map(({ sessionId }) => sessionId).sort()
  expect(ids(await other.listSessions(PROJECT))).toEqual([first, last].sort())
  expect(problems).toEqual([
    expect.objectContaining({
      session: other.nameOf({ projectKey: PROJECT, sessionId: bad }),
      message: expect.stringMatching(/./),
    }),
  ])
  expect(ids(await other.listSessionSummaries(PROJECT))).toEqual([first, last].sort())
  expect(problems).toHaveLength(2)
  expect(await other.find(first)).toEqual({ projectKey: PROJECT, sessionId: first })
  await other.close()
})

test('of a session that is damaged, find says so', async () => {
  const folder = await newStoreFolder()
  const key = newKey()
  const store = new ForkpointClaudeStore(folder)
  await store.append(key, new Conversation(key.sessionId).turn('one'))
  await store.close()
  const [ref] = git(folder, 'for-each-ref', '--format=%(refname)', 'refs/heads').split('\n')
  writeFileSync(join(folder, ref!), '')
  const other = new ForkpointClaudeStore(folder)
  await expect(other.find(key.sessionId)).rejects.toThrow(CorruptError)
  expect(await other.find('another')).toBeUndefined()
  await other.close()
})

test('what shall hear of problems has to be a function', async () => {
  const folder = await newStoreFolder()
  expect(() => new ForkpointClaudeStore(folder, { onProblem: 7 as never })).toThrow(TypeError)
})
