import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newMessage, newRun, newSession } from '../../src/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { CleanFile } from '../../src/store/scan/clean-file.ts'
import type { FoundSecret } from '../../src/store/scan/scan.ts'
import { tempFolder } from '../git/real-git.ts'
import { filled, sample, seeded } from '../redaction/sample.ts'

const random = seeded(9)
const tokens = Array.from({ length: 6 }, () => sample('ghp_{w36}', random))
const [inMessage, inSubject, streamed, inName, inFile, inAuthor] = tokens as [
  string,
  string,
  string,
  string,
  string,
  string,
]
const key = filled(
  '-----BEGIN RSA PRIVATE KEY-----\n{B64}\n{B64}\n{B40}==\n-----END RSA PRIVATE KEY-----',
  random,
)

async function all(
  store: GitSessionStore,
  ...given: Parameters<GitSessionStore['scan']>
): Promise<FoundSecret[]> {
  const found: FoundSecret[] = []
  for await (const finding of store.scan(...given)) found.push(finding)
  return found
}

async function planted(): Promise<{ folder: string; store: GitSessionStore }> {
  const folder = join(tempFolder(), 'store')
  const store = new GitSessionStore(folder)
  const at = new Date(0).toISOString()
  const events = [streamed.slice(0, 7), streamed.slice(7, 20), streamed.slice(20)].map((text, sequence) => ({
    sequence,
    at,
    type: 'text-delta',
    text,
  }))
  await store.save({ ...newSession('clean'), messages: [newMessage('user', 'nothing here')] })
  await store.save({
    ...newSession('leaky'),
    messages: [
      newMessage('user', `it is ${inMessage} now`, { id: 'm1' }),
      newMessage('user', `a key\n${key.text}\n`, { id: 'm2' }),
    ],
    runs: [newRun('go', { id: 'r1', events })],
  })
  await store.append(
    'leaky',
    { set: { title: 'fine' } },
    { subject: `with ${inSubject}`, author: { name: inAuthor, email: 'a@example.com' } },
  )
  await store.tag('leaky', `of ${inName}`)
  await store.close()
  const git = (args: string[], input?: string) =>
    execFileSync('git', ['--git-dir', folder, ...args], { encoding: 'utf8', input }).trim()
  const blob = git(['hash-object', '-w', '--stdin'], `\u0000\u0001 ${inFile} \u0002`)
  const named = `100644 blob ${git(['hash-object', '-w', '--stdin'], 'plain')}\t${inFile}.txt\n`
  const folderTree = git(['mktree'], named)
  const entries = `100644 blob ${blob}\tnotes.bin\n${named}040000 tree ${folderTree}\tfolder\n`
  const tree = git(['mktree'], entries)
  git(['update-ref', 'refs/notes/other', git(['commit-tree', tree, '-m', 'other'])])
  return { folder, store: new GitSessionStore(folder) }
}

test('a scan finds secrets in messages, streams, several lines, commits, authors, names and other files', async () => {
  const { store } = await planted()
  const found = await all(store)
  const text = JSON.stringify(found)
  for (const token of [...tokens, ...key.secrets]) expect(text).not.toContain(token)
  const places = found.map(({ session, message, where, rule }) => [session, message, where, rule].join(' '))
  for (const place of [
    'leaky m1 messages.0.content github',
    'leaky m2 messages.1.content private-key',
    'leaky r1 runs.0.events github',
    'leaky  commit github',
    '  name of a ref github',
    '  notes.bin github',
    '  name of a file github',
    '  name of a file in folder/ github',
  ])
    expect(places).toContain(place)
  expect(found.filter(({ where }) => where === 'commit').length).toBeGreaterThanOrEqual(2)
  expect(found.find(({ message }) => message === 'm1')?.excerpt).toBe('it is [github] now')
  expect(await all(store, 'clean')).toEqual([])
  expect((await all(store, 'leaky', { allow: [inMessage] })).some(({ message }) => message === 'm1')).toBe(
    false,
  )
  await store.close()
})

test('what holds nothing is remembered, and a memory changes nothing but time', async () => {
  const { store } = await planted()
  const path = join(tempFolder(), 'clean', 'memory')
  const ids = new Set<string>()
  const withMemory = async (options = {}) => {
    let file: CleanFile | undefined
    const memory = (id: string) => {
      ids.add(id)
      file = new CleanFile(path)
      return file
    }
    const found = await all(store, undefined, { memory, ...options })
    file?.save()
    return found
  }
  const plain = await all(store)
  const allowed = await withMemory({ allow: [inMessage] })
  expect(allowed.map(({ message }) => message)).not.toContain('m1')
  expect(existsSync(path)).toBe(true)
  expect(await withMemory()).toEqual(plain)
  const bytes = readFileSync(path)
  for (const damaged of [
    bytes.subarray(0, -7),
    Buffer.concat([bytes.subarray(0, -1), Buffer.from([1])]),
    Buffer.alloc(3),
  ]) {
    writeFileSync(path, damaged)
    expect(await withMemory()).toEqual(plain)
  }
  expect(ids.size).toBe(1)
  await withMemory({ off: ['jwt'] })
  expect(ids.size).toBe(2)
  expect(readdirSync(join(path, '..'))).toEqual(['memory'])
  await store.close()
})
