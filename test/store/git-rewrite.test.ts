import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ConflictError, InvalidIdError, NotFoundError } from '../../src/errors.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { GitStoreOptions } from '../../src/store/git/options.ts'
import type { Checkpoint } from '../../src/store/session-store.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { allowSigners, hasKeygen, makeKey } from '../support/ssh-keys.ts'
import { emptySession, expectWhole, isThere, message, realGit, storeAt } from './support/git-store.ts'
import { everythingIn } from './support/inflated.ts'

const token = sample('ghp_{w36}', seeded(7))

function newStore(options: GitStoreOptions = {}): { folder: string; store: GitSessionStore } {
  const parent = mkdtempSync(join(tmpdir(), 'forkpoint-rewrite-'))
  onTestFinished(() => rmSync(parent, { recursive: true }))
  const folder = join(parent, 'store')
  return { folder, store: storeAt(folder, options) }
}

/** Three turns without the secret, one with it in a message, and turns after it. */
async function leak(store: GitSessionStore, id = 'demo'): Promise<string[]> {
  const ids = [(await store.save(emptySession(id))).id]
  for (const [n, text] of ['one', 'two', `use ${token}`, 'four', 'five'].entries())
    ids.push((await store.append(id, { messages: [message(`m${n}`, text)] })).id)
  return ids
}

/** No object, ref, journal or cache holds it. */
function expectGone(folder: string, secret = token): void {
  expect(
    everythingIn(folder)
      .filter(({ bytes }) => bytes.includes(secret))
      .map(({ name }) => name),
  ).toEqual([])
  expect(realGit(folder, 'log', '--all', '--format=%H', `-S${secret}`).text).toBe('')
  expectWhole(folder)
}

test('a secret goes out of every checkpoint, and those before it keep their ids', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  await store.tag('demo', 'leaked', { at: before[3]! })
  await store.fork('demo', { at: before[4]!, branch: 'try' })
  const log: Checkpoint[] = []
  for await (const one of store.log('demo')) log.push(one)

  const report = await store.rewrite('demo', redactSecrets())
  expect(report).toMatchObject({ rewritten: 3, checkpoints: 6, sessions: ['demo'], remaining: [] })
  const after: Checkpoint[] = []
  for await (const one of store.log('demo')) after.push(one)
  expect(after.map(({ id }) => id).slice(3)).toEqual(log.map(({ id }) => id).slice(3))
  const rest = ({ id: _, parents: __, subject, body, ...kept }: Checkpoint) => kept
  expect(after.map(rest)).toEqual(log.map(rest))
  expect(after.map(({ subject }) => subject.replace(/\[redacted:github:.{8}\]/, token))).toEqual(
    log.map(({ subject }) => subject),
  )
  const state = await store.load('demo')
  expect(state?.messages.map(({ content }) => content)).toEqual([
    'one',
    'two',
    expect.stringMatching(/^use \[redacted:github:.{8}\]$/),
    'four',
    'five',
  ])
  for (const id of before.slice(3)) expect(isThere(folder, id)).toBe(false)
  expect((await store.verify()).problems).toEqual([])
  await store.close()
  expectGone(folder)
})

test('an old id leads to what it has become', async () => {
  const { store } = newStore()
  const before = await leak(store)
  await store.rewrite('demo', redactSecrets())
  const now = await store.resolve('demo', before[4]!)
  expect(now).toBe(await store.resolve('demo', 'main~1'))
  expect(await store.resolve('demo', `${before[4]!}~2`)).toBe(before[2])
  await store.rewrite('demo', (value) => (value === 'five' ? 'six' : value))
  expect(await store.resolve('demo', before[5]!)).toBe(await store.resolve('demo', 'main'))
  await expect(store.resolve('demo', before[5]!.replace(/^./, 'x'))).rejects.toThrow(NotFoundError)
})

test('a dry run writes nothing and says what would be rewritten', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  const refs = realGit(folder, 'for-each-ref').text
  const report = await store.rewrite('demo', redactSecrets(), { dryRun: true })
  expect(report).toMatchObject({ rewritten: 3, refs: ['refs/heads/demo/main'], remaining: [] })
  expect(realGit(folder, 'for-each-ref').text).toBe(refs)
  expect(isThere(folder, before[5]!)).toBe(true)
})

test('sessions that share checkpoints are rewritten as well, and others stay', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  await store.fork('demo', { at: before[4]!, session: 'fork' })
  await store.append('fork', { messages: [message('f', `again ${token}`)] })
  await store.fork('fork', { at: 'main', session: 'fork of it' })
  await store.save(emptySession('other'))
  const other = await store.resolve('other', '')
  const report = await store.rewrite('demo', redactSecrets())
  expect(report.sessions.sort()).toEqual(['demo', 'fork', 'fork of it'])
  expect(await store.resolve('other', '')).toBe(other)
  const made = await store.checkpoint('fork', 'main~1')
  const source = await store.resolve('demo', 'main~1')
  expect(made.forkedFrom).toEqual({ session: 'demo', checkpoint: source })
  expect(made.subject).toBe(`fork of demo at ${source.slice(0, 10)}`)
  expect(await store.load('fork')).toMatchObject({ parent: { session: 'demo', checkpoint: source } })
  expect((await store.verify()).problems).toEqual([])
  await store.close()
  expectGone(folder)
})

test('other sessions keep the secret where only one is to be rewritten, and that is told', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  await store.fork('demo', { at: before[4]!, session: 'fork' })
  const report = await store.rewrite('demo', redactSecrets(), { scope: 'session' })
  expect(report.sessions).toEqual(['demo'])
  expect(report.remaining.sort()).toEqual([before[3], before[4]].sort())
  expectWhole(folder)
  expect(await store.rewrite('fork', redactSecrets(), { scope: 'all' })).toMatchObject({ remaining: [] })
  await store.close()
  expectGone(folder)
})

test('a secret goes out of steps, logs, long texts, titles, trailers, authors and names', async () => {
  const { folder, store } = newStore({ author: { name: `bot ${token}`, email: 'bot@example.com' } })
  const at = '2024-01-01T00:00:00.000Z'
  const run = { id: 'r', status: 'running', prompt: `p ${token}`, startedAt: at, usage: {}, events: [] }
  const event = (sequence: number, text: string) => ({ sequence, at, type: 'note', text })
  await store.save({ ...emptySession('demo'), title: `about ${token}` })
  await store.append('demo', { messages: [message('q', 'question')], runs: [run] }, { kind: 'step' })
  for (const n of [0, 1, 2]) {
    const text = n === 1 ? `${token} ${'long\n'.repeat(2000)}` : `event ${n}`
    await store.append('demo', { runs: [{ ...run, events: [event(n, text)] }] }, { kind: 'step' })
  }
  const said = { subject: `end ${token}`, body: `body\n${token}`, trailers: { Used: token } }
  await store.append('demo', { messages: [message('a', `answer ${token}\n${'x\n'.repeat(3000)}`)] }, said)
  await store.append('demo', { messages: [message('b', 'after')] })
  const before = await store.load('demo')
  const shape = async () => {
    const found = []
    for await (const { kind, seq, createdAt, messages, branch } of store.log('demo', { steps: true }))
      found.push({ kind, seq, createdAt, messages, branch })
    return found
  }
  const log = await shape()
  await store.rewrite('demo', redactSecrets())
  expect(await shape()).toEqual(log)
  const clean = (value: unknown) =>
    JSON.parse(JSON.stringify(value).replace(/\[redacted:github:.{8}\]/g, token))
  expect(clean(await store.load('demo'))).toEqual(before)
  const turn = await store.checkpoint('demo', 'main~1')
  expect(turn).toMatchObject({ author: { name: expect.stringMatching(/^bot \[redacted/) } })
  expect(turn.parents).toHaveLength(2)
  const text = realGit(folder, 'cat-file', 'commit', turn.id).text
  expect(text).toMatch(
    /\nForkpoint-Used: \[redacted:github:.{8}\]\nForkpoint-Redacted: [0-9a-f]{64}\nForkpoint-Format: 1\n/,
  )
  expect(realGit(folder, 'show', `${turn.id}:README.md`).text).toMatch(/^# about \\\[redacted/)
  expect((await store.verify()).problems).toEqual([])
  await store.close()
  expectGone(folder)
})

test.skipIf(!hasKeygen)('what was signed is signed again', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'forkpoint-rewrite-'))
  onTestFinished(() => rmSync(parent, { recursive: true }))
  const key = makeKey(parent)
  const allowed = allowSigners(parent, `ann@example.com ${key.public}`)
  const { folder, store } = newStore({ sign: { key: key.file } })
  await leak(store)
  await store.rewrite('demo', redactSecrets())
  const ids = realGit(folder, 'rev-list', '--all').text.trim().split('\n')
  expect(ids).toHaveLength(7)
  const git = spawnSync('git', ['--git-dir', folder, ...allowed.git, 'verify-commit', ...ids])
  expect(git.status, git.stderr.toString()).toBe(0)
})

test('commits and files of other people, annotated tags and other refs are rewritten', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  await store.close()
  const clone = join(folder, '..', 'clone')
  const git = (...args: string[]) => {
    const who = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', '-c', 'init.defaultBranch=x']
    const { status, stderr } = spawnSync('git', ['-C', clone, ...who, ...args])
    expect(status, stderr.toString()).toBe(0)
  }
  mkdirSync(clone)
  git('clone', '--quiet', '--branch', 'demo/main', folder, '.')
  mkdirSync(join(clone, 'docs'))
  writeFileSync(join(clone, 'docs', `key-${token}`), `notes\n${token}\n`)
  writeFileSync(join(clone, 'run.sh'), `echo ${token}\n`)
  writeFileSync(join(clone, 'data.bin'), Buffer.concat([Buffer.from([0, 255]), Buffer.from(token)]))
  chmodSync(join(clone, 'run.sh'), 0o755)
  git('add', '--all')
  git('commit', '--quiet', '-m', `by hand\n\nwith ${token}`, '--author', `${token} <b@example.com>`)
  git('tag', '-a', 'demo/said', '-m', `tag ${token}`)
  git('push', '--quiet', 'origin', 'HEAD:refs/heads/demo/main', 'demo/said', 'HEAD:refs/heads/elsewhere')
  rmSync(clone, { recursive: true })

  const again = storeAt(folder)
  await again.append('demo', { messages: [message('m9', 'after')] })
  const report = await again.rewrite('demo', redactSecrets())
  const touched = ['refs/heads/demo/main', 'refs/heads/elsewhere', 'refs/tags/demo/said']
  expect(report.refs.sort()).toEqual(touched)
  expect(report.remaining).toEqual([])
  const tree = realGit(folder, 'ls-tree', '-r', 'refs/heads/elsewhere').text
  expect(tree).toMatch(/100755 blob \w+\trun\.sh/)
  expect(tree).toMatch(/\tdocs\/key-.*redacted-github/)
  expect(realGit(folder, 'cat-file', '-t', 'refs/tags/demo/said').text).toBe('tag\n')
  const [tag] = await again.tags('demo')
  expect(tag).toEqual({ name: 'said', checkpoint: await again.resolve('demo', 'main^') })
  const foreign = await again.checkpoint('demo', 'main^')
  expect(foreign).toMatchObject({ kind: 'foreign', subject: 'by hand', author: { email: 'b@example.com' } })
  expect(await again.resolve('demo', before[5]!)).toBe(await again.resolve('demo', 'main~2'))
  expect((await again.verify()).problems).toEqual([])
  await again.close()
  expectGone(folder)
})

test('who saves meanwhile keeps what was saved, and gets a conflict from what has moved', async () => {
  const { folder, store } = newStore()
  await leak(store)
  const other = storeAt(folder)
  const handle = await other.open('demo')
  let isDone = false
  const saved: string[] = []
  const saving = (async () => {
    for (let n = 0; !isDone || n < 5; n++) {
      const id = `x${n}`
      await other.append('demo', { messages: [message(id, `${id} ${token}`)] })
      saved.push(id)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  await new Promise((resolve) => setTimeout(resolve, 50))
  await store.rewrite('demo', redactSecrets())
  isDone = true
  await saving
  const stale = handle.append({ messages: [message('late', 'late')] })
  await expect(stale).rejects.toThrow(ConflictError)
  const state = await other.load('demo')
  expect(state?.messages.map(({ id }) => id).slice(5)).toEqual(saved)
  await other.close()
  await store.rewrite('demo', redactSecrets())
  expect((await store.verify()).problems).toEqual([])
  await store.close()
  expectGone(folder)
})

test('a fork of what a rewrite has replaced is refused', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  const other = storeAt(folder)
  expect(await other.resolve('demo', before[4]!)).toBe(before[4])
  await store.rewrite('demo', redactSecrets())
  // The old id is followed.
  await other.fork('demo', { at: before[4]!, branch: 'old' })
  expect(await store.resolve('demo', 'old')).toBe(await store.resolve('demo', 'main~1'))
})

test('a name that holds the secret is refused, and nothing is written', async () => {
  const { folder, store } = newStore()
  await leak(store)
  await store.tag('demo', token)
  const refs = realGit(folder, 'for-each-ref').text
  const refused = await store.rewrite('demo', redactSecrets()).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(InvalidIdError)
  expect(String(refused)).not.toContain(token)
  expect(realGit(folder, 'for-each-ref').text).toBe(refs)
})

test('a secret that arrived in pieces goes out as well, also from one segment to the next', async () => {
  const { store } = newStore()
  const at = '2024-01-01T00:00:00.000Z'
  const run = { id: 'r', status: 'running', prompt: 'p', startedAt: at, usage: {}, events: [] }
  const event = (sequence: number, text: string) => ({ sequence, at, type: 'text-delta', step: 1, text })
  await store.save({ ...emptySession('demo'), runs: [run] })
  const texts = [...Array.from({ length: 255 }, () => '. '), token.slice(0, 9), token.slice(9), ' end']
  for (let n = 0; n < texts.length; n += 43) {
    const events = texts.slice(n, n + 43).map((text, index) => event(n + index, text))
    await store.append('demo', { runs: [{ ...run, events }] }, { kind: 'step' })
  }
  await store.rewrite('demo', redactSecrets())
  const [first] = (await store.load('demo'))!.runs
  const said = first!.events.map((one) => String((one as { text?: unknown }).text)).join('')
  expect(said).toMatch(/\. \[redacted:github:.{8}\] end$/)
  expect((await store.verify()).problems).toEqual([])
})
