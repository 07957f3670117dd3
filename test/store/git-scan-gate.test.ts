import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { newCommits } from '../../src/git/database/ancestry.ts'
import type { GitObject } from '../../src/git/objects/object.ts'
import { Repository } from '../../src/git/repository.ts'
import { type ObjectId, type RefName, trustedId } from '../../src/ids.ts'
import { newMessage, newRun, newSession } from '../../src/index.ts'
import { secretFinder } from '../../src/redaction/secrets.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { type FoundSecret, type ScanRequest, scan } from '../../src/store/scan/scan.ts'
import { bareRepository, git, gitText, tempFolder } from '../git/real-git.ts'
import { sample, seeded } from '../redaction/sample.ts'

const random = seeded(13)
const token = () => sample('ghp_{w36}', random)
const finder = secretFinder()
/** The secrets that sending each of these refs would send. */
async function secretsToSend(
  request: ScanRequest & { refs: ReadonlyMap<RefName, ObjectId> },
): Promise<Map<RefName, FoundSecret[]>> {
  const secrets = new Map<RefName, FoundSecret[]>()
  for (const [ref, id] of request.refs) {
    const own: FoundSecret[] = []
    for await (const found of scan({ ...request, refs: new Map([[ref, id]]) })) own.push(found)
    if (own.length > 0) secrets.set(ref, own)
  }
  return secrets
}
const message = (text: string) => newMessage('user', text)

const repositories: Repository[] = []
afterEach(async () => {
  for (const repository of repositories.splice(0)) await repository.close()
})

async function opened(folder: string): Promise<Repository> {
  const repository = new Repository(folder)
  repositories.push(repository)
  await repository.open()
  return repository
}

/** What a store holds after some work. */
async function sceneWith(work: (store: GitSessionStore) => Promise<void>) {
  const folder = join(tempFolder(), 'store')
  const store = new GitSessionStore(folder)
  await work(store)
  await store.close()
  const { objects } = await opened(folder)
  return { folder, objects, tip: (ref: string) => trustedId(gitText(folder, ['rev-parse', ref])) }
}

test('what is sent is looked at, and not what the other side has', async () => {
  const old = token()
  const { objects, tip } = await sceneWith(async (store) => {
    await store.save({ ...newSession('demo'), messages: [message(`old ${old}`)] })
    await store.append('demo', { messages: [message('clean')] })
    await store.append('demo', { messages: [message('clean again')] })
  })
  const refs = new Map<RefName, ObjectId>([['refs/heads/demo/main', tip('demo/main')]])
  const ask = async (...has: ObjectId[]) => [...(await secretsToSend({ objects, refs, finder, has })).keys()]
  expect(await ask()).toEqual(['refs/heads/demo/main'])
  for (const at of ['demo/main', 'demo/main~1', 'demo/main~2']) expect(await ask(tip(at))).toEqual([])
  // What is not here tells nothing.
  expect(await ask(trustedId('1'.repeat(40)))).toHaveLength(1)
})

test('an object that several refs lead to counts for each of them', async () => {
  const { objects, folder, tip } = await sceneWith(async (store) => {
    await store.save({ ...newSession('leaky'), messages: [message('begins'), message(`has ${token()}`)] })
    await store.fork('leaky', { session: 'fork' })
    await store.save({ ...newSession('clean'), messages: [message('nothing')] })
    await store.tag('clean', 'fine')
  })
  git(folder, ['tag', '-a', '-m', `with ${token()}`, 'clean/noted', 'clean/main'])
  const names: RefName[] = [
    'refs/heads/leaky/main',
    'refs/heads/fork/main',
    'refs/heads/clean/main',
    'refs/tags/clean/fine',
    'refs/tags/clean/noted',
  ]
  const refs = new Map(
    [...names, `refs/heads/${token()}/main` as const].map(
      (ref) => [ref, tip(names.includes(ref) ? ref : 'clean/main')] as const,
    ),
  )
  const secrets = await secretsToSend({ objects, refs, finder })
  expect([...secrets.keys()].sort()).toEqual(
    [
      'refs/heads/fork/main',
      'refs/heads/leaky/main',
      'refs/tags/clean/noted',
      [...refs.keys()].at(-1),
    ].sort(),
  )
  expect(secrets.get('refs/tags/clean/noted')).toMatchObject([{ where: 'tag' }])
})

test('a log that grows is read once, and a token over its segments is found', async () => {
  const [secret, at] = [token(), new Date(0).toISOString()]
  const pieces = Array.from({ length: 20_000 }, (_, n) =>
    n >= 250 && n < 290 ? (secret[n - 250] ?? ' ') : 'a ',
  )
  const events = pieces.map((text, sequence) => ({ sequence, at, type: 'text-delta', text }))
  const { objects, tip } = await sceneWith(async (store) => {
    await store.save({
      ...newSession('demo'),
      runs: [newRun('go', { id: 'r', events: events.slice(0, 200) })],
    })
    for (let n = 200; n < events.length; n += 200)
      await store.append('demo', { runs: [{ id: 'r', events: events.slice(n, n + 200) }] }, { kind: 'step' })
  })
  let bytes = 0
  const readMany = objects.readMany.bind(objects) as typeof objects.readMany
  objects.readMany = ((ids: Iterable<ObjectId>, visit: (id: ObjectId, object: GitObject) => void) =>
    readMany(ids, (id, object) => {
      bytes += object.data.length
      visit(id, object)
    })) as typeof objects.readMany
  const found = []
  const refs = new Map([['refs/heads/demo/main' as const, tip('demo/main')]])
  for await (const one of scan({ objects, refs, finder })) found.push(one)
  expect(found.length).toBeGreaterThan(0)
  for (const one of found) expect(one).toMatchObject({ message: 'r', rule: 'github', where: 'runs.0.events' })
  const size = Buffer.byteLength(JSON.stringify(events))
  expect(bytes).toBeLessThan(size * 20)
})

test('new commits are those that git lists, whatever their dates say', async () => {
  const folder = bareRepository()
  const tree = gitText(folder, ['mktree'])
  const commits: string[] = []
  const any = () => commits[Math.floor(random() * commits.length)]!
  for (let n = 0; n < 60; n++) {
    const parents = new Set([0, 1].flatMap(() => (n > 0 && random() < 0.7 ? [any()] : [])))
    const person = `A <a@example.com> ${1000 + (n % 7 === 0 ? Math.floor(random() * 100) : n)} +0000`
    const head = [
      `tree ${tree}`,
      ...[...parents].map((id) => `parent ${id}`),
      `author ${person}`,
      `committer ${person}`,
    ]
    const data = `${head.join('\n')}\n\n${n}\n`
    commits.push(gitText(folder, ['hash-object', '-t', 'commit', '-w', '--stdin'], data))
  }
  const { objects } = await opened(folder)
  const some = () => [trustedId(any()), trustedId(any())]
  for (let n = 0; n < 40; n++) {
    const [tips, known] = [some(), some()]
    const listed = gitText(folder, ['rev-list', ...tips, ...known.map((id) => `^${id}`)])
      .split('\n')
      .filter(Boolean)
    const found = (await newCommits(objects, tips, known)).commits.map(([id]) => id as string)
    expect(found).toEqual(expect.arrayContaining(listed))
  }
})
