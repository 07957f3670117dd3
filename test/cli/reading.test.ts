/** What the reading verbs show of turns, of other tools' commits, and by which names sessions are found. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { newMessage, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { git, tempFolder } from '../git/real-git.ts'
import { DEMO, forkpointHere, jsonLines, workFolder } from './command-line.ts'

const ID = '3f2a91bc-0d4e-4f6a-8b7c-112233445566'
const OTHER = '3f2affff-0d4e-4f6a-8b7c-112233445566'

let cwd: string
const run = (...args: string[]) => forkpointHere(args, { cwd })

beforeAll(async () => {
  cwd = await workFolder()
  await run('import', 'claude-code', DEMO, '--session', 'demo')
  await run('import', 'claude-code', DEMO, '--session', ID)
  await run('fork', 'demo/main~7', '--branch', 'other')
  const store = new GitSessionStore(join(cwd, 'sessions'))
  await store.save(newSession(OTHER, { messages: [newMessage('user', 'the other one')] }))
  await store.save(
    newSession('talk', {
      messages: [newMessage('user', 'Where is the key of the old cellar door?', { id: 'q' })],
    }),
  )
  await store.append('talk', { messages: [newMessage('assistant', 'Below the mat.', { id: 'a' })] })
  await store.append('demo', { messages: [newMessage('user', 'and then', { id: 'z' })] }, { branch: 'other' })
  await store.close()
})

describe('--stat', () => {
  test('of log says what each turn took', async () => {
    const { stdout } = await run('log', 'demo', '-n', '2', '--stat')
    expect(stdout.split('\n')[1]).toBe('    2 messages (1 user, 1 assistant) · 58,922 tokens · 7 s')
    expect(stdout.split('\n')[3]).toContain('3 calls (Bash ×3)')
    const [first] = jsonLines((await run('log', 'demo', '-n', '1', '--stat', '--json')).stdout)
    expect(first!.stat).toMatchObject({ tokens: 58_922, said: { user: 1, assistant: 1 }, failed: 0 })
  })

  test('of show and diff says it instead of what was said', async () => {
    const { stdout } = await run('show', 'demo', '--stat')
    expect(stdout).toContain('58,922 tokens')
    expect(stdout).not.toContain('#66 assistant')
    const diff = await run('diff', 'demo~2', 'demo', '--stat')
    expect(diff.stdout).toMatch(/^ messages {3}\| {4}9 \+{9} 9 added$/m)
  })

  test('has the cost where a file names prices', async () => {
    const prices = join(cwd, 'prices.json')
    writeFileSync(
      prices,
      JSON.stringify({ 'claude-sonnet-4-5-20250929': { input: 3, output: 15, cached: 0.3 } }),
    )
    const told = await run('show', 'demo', '--stat', '--prices', prices)
    expect(told.stdout).toMatch(/58,922 tokens · 0\.\d{4} · 7 s/)
    const env = { FORKPOINT_PRICES: prices }
    expect((await forkpointHere(['show', 'demo', '--stat'], { cwd, env })).stdout).toBe(told.stdout)
  })
})

test('the graph says where branches begin and how long they are', async () => {
  const { stdout } = await run('log', 'demo', '--graph', '--stat')
  expect(stdout).toMatch(/\(other, 1 turn of its own\)/)
  expect(stdout).toMatch(/\(main, 12 turns\)/)
  expect(stdout).toMatch(/turn 5: Forget about speed.*\(forked: other\)/)
  expect(stdout).toMatch(/^│ │ {3}7 messages/m)
})

describe('a commit of another tool', () => {
  beforeAll(() => {
    const folder = join(cwd, 'sessions')
    const clone = join(tempFolder(), 'clone')
    git(folder, ['clone', '--quiet', '--branch', 'talk/main', folder, clone])
    const file = join(
      clone,
      git(clone, ['ls-files', 'messages/*000000*.json']).toString().trim().split('\n')[0]!,
    )
    writeFileSync(file, readFileSync(file, 'utf8').replace('old cellar', 'new garden'))
    git(clone, ['commit', '--quiet', '--all', '-m', 'correct the question'])
    git(clone, ['push', '--quiet', 'origin', 'talk/main'])
  })

  test('is shown with the messages that it changed', async () => {
    const { stdout } = await run('show', 'talk')
    expect(stdout).toContain('changed by another tool')
    expect(stdout).toMatch(/content.*\n *Where is the key of the \[-old cellar-\]\{\+new garden\+\} door\?/)
    const { changes } = JSON.parse((await run('show', 'talk', '--json')).stdout)
    expect(changes.messages.changed).toHaveLength(1)
  })

  test('is shown as any other where all messages are asked for', async () => {
    const { stdout } = await run('show', 'talk', '--all')
    expect(stdout).toContain('Where is the key of the new garden door?')
  })
})

test.each(['html', 'markdown'])('export %s --json is JSON, with the text inside', async (format) => {
  const { text, session } = JSON.parse((await run('export', format, ID, '--json')).stdout)
  expect([text, session]).toEqual([(await run('export', format, ID)).stdout, ID])
})

describe('the beginning of a generated id', () => {
  test.each([
    ['log', '3f2a91'],
    ['log', '3f2a91/main~3'],
    ['log', '3f2a91~3'],
    ['show', '3f2a91'],
    ['diff', '3f2a91~1', '3f2a91'],
    ['branches', '3f2a91'],
    ['switch', '3f2a91', 'main'],
    ['tag', '3f2a91', 'a-tag'],
    ['ref', '3f2a91'],
    ['fork', '3f2a91~1', '--branch', 'b'],
    ['verify', '3f2a91'],
    ['scan', '3f2a91'],
    ['redact', '3f2a91'],
    ['search', 'parser', '--session', '3f2a91'],
    ['export', 'markdown', '3f2a91'],
    ['export', 'claude-code', '3f2a91'],
    ['thin', '3f2a91', '--keep-last', '100'],
    ['bundle', join(tempFolder(), 'one.bundle'), '--session', '3f2a91'],
    ['archive', '3f2a91', '--yes'],
    ['log', '3f2a91/main~3'],
    ['unarchive', '3f2a91'],
    ['delete', '3f2a91', '--branch', 'b', '--yes'],
    ['delete', '3f2a91', '--yes'],
    ['restore', '3f2a91'],
  ])('%s %s names the session', async (...args) => {
    const { code, stderr } = await run(...args)
    expect(stderr).not.toContain('There is no')
    expect(code).toBe(0)
  })

  test('that two have is refused with both of them', async () => {
    const { code, stderr } = await run('show', '3f2a')
    expect(code).toBe(2)
    expect(stderr).toContain(`'3f2a' is the beginning of more than one session: ${ID}, ${OTHER}.`)
    const { error } = JSON.parse((await run('branches', '3f2a', '--json')).stderr)
    expect(error).toMatchObject({ code: 'AMBIGUOUS_SESSION', candidates: [ID, OTHER] })
  })
})
