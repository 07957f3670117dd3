/** What may not leave the machine: a secret in any kind of place is refused, over every transport. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { InvalidIdError, newRun } from '../../src/index.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { RemoteSessionStore } from '../../src/store/remote/index.ts'
import { NotSharedError } from '../../src/sync/error.ts'
import { WorkspaceFiles } from '../../src/workspace/workspace-files.ts'
import { bareRepository, git, gitText, tempFolder } from '../git/real-git.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { emptySession, message } from '../store/support/git-store.ts'
import { hasSshd, startSshd } from '../support/ssh-server.ts'
import { begin, folderServer, httpServer, machine, say } from './support/machines.ts'

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const at = new Date(0).toISOString()

/** Saves a turn with the files of a workspace. */
async function withFiles(store: GitSessionStore, id: string, content: Record<string, string | Buffer>) {
  const root = join(tempFolder(), 'project')
  mkdirSync(root)
  for (const [name, text] of Object.entries(content)) writeFileSync(join(root, name), text)
  const files = new WorkspaceFiles(checkpointsOf(store), root)
  await store.append(id, { messages: [message('with-files', 'here they are')] }, { files })
}

type Plant = (store: GitSessionStore, id: string, secret: string) => Promise<unknown>

/** Ways to bring a secret into the session with this id. */
const PLACES: Readonly<Record<string, Plant>> = {
  'a message': (store, id, secret) => say(store, `use ${secret}`, id),
  'JSON in a message': (store, id, secret) =>
    say(store, JSON.stringify({ a: JSON.stringify({ secret }) }), id),
  'a key': (store, id, secret) => store.append(id, { set: { metadata: { [secret]: 1 } } }),
  'a streamed text': (store, id, secret) =>
    store.append(id, {
      runs: [
        newRun('go', {
          id: 'r',
          events: [...secret].map((text, sequence) => ({ sequence, at, type: 'text-delta', step: 0, text })),
        }),
      ],
    }),
  'a streamed text of several writes': async (store, id, secret) => {
    await store.append(id, { runs: [newRun('go', { id: 'r', events: [] })] })
    for (const [sequence, text] of (secret.match(/.{1,9}/g) ?? []).entries())
      await store.append(id, { runs: [{ id: 'r', events: [{ sequence, at, type: 'text-delta', text }] }] })
  },
  'an error': (store, id, secret) =>
    store.append(id, { runs: [newRun('go', { id: 'r', error: { message: `401 for ${secret}` } })] }),
  'a title': (store, id, secret) => store.append(id, { set: { title: `with ${secret}` } }),
  'a long text of many lines': (store, id, secret) => say(store, `${'a line\n'.repeat(2000)}${secret}\n`, id),
  'bytes of a value': (store, id, secret) => {
    const bytes = Buffer.concat([Buffer.alloc(30_000, 0xfe), Buffer.from(` ${secret} `), Buffer.alloc(1000)])
    return store.append(id, { set: { metadata: { image: bytes.toString('base64') } } })
  },
  'a subject': (store, id, secret) => say(store, 'hello', id, { subject: `use ${secret}` }),
  'a body': (store, id, secret) => say(store, 'hello', id, { body: `use ${secret}` }),
  'a trailer': (store, id, secret) => say(store, 'hello', id, { trailers: { Used: secret } }),
  'an author': (store, id, secret) =>
    say(store, 'hello', id, { author: { name: `bot ${secret}`, email: 'a@example.com' } }),
  'a step': (store, id, secret) => say(store, `use ${secret}`, id, { kind: 'step' }),
  'an older checkpoint': async (store, id, secret) => {
    await store.append(id, { set: { title: secret } })
    await store.append(id, { set: { title: 'another' } })
  },
  'the name of a branch': (store, id, secret) => store.fork(id, { branch: secret }),
  'the name of a tag': (store, id, secret) => store.tag(id, secret),
  'the message of a tag': async (store, id, secret) =>
    git(store.folder, ['tag', '-a', '-m', `about ${secret}`, `${id}/noted`, `${id}/main`]),
  'a file of the workspace': (store, id, secret) => withFiles(store, id, { 'a.sh': `TOKEN=${secret}\n` }),
  'a binary of the workspace': (store, id, secret) =>
    withFiles(store, id, {
      'a.bin': Buffer.concat([Buffer.from([0, 255, 200]), Buffer.from(` ${secret} `)]),
    }),
  'the name of a file of the workspace': (store, id, secret) =>
    withFiles(store, id, { [`${secret}.txt`]: 'nothing\n' }),
  'the name of a branch that was deleted': async (store, id, secret) => {
    await store.fork(id, { branch: secret })
    await store.delete(id, { branch: secret })
  },
}

interface Transport {
  url: string
  /** The server's repository. */
  folder: string
}

const TRANSPORTS: Readonly<Record<string, { isHere?: boolean; start(): Promise<Transport> }>> = {
  'HTTP, by our own client': { start: httpServer },
  'a folder, by git': { start: folderServer },
  'ssh, by git': {
    isHere: hasSshd,
    async start() {
      const folder = bareRepository()
      const server = await startSshd(tempFolder())
      const { GIT_SSH_COMMAND: before } = process.env
      process.env.GIT_SSH_COMMAND = server.command
      closing.push(() => {
        if (before === undefined) delete process.env.GIT_SSH_COMMAND
        else process.env.GIT_SSH_COMMAND = before
        return server.close()
      })
      return { folder, url: `${server.url}${folder}` }
    },
  },
}
if (!hasSshd)
  console.warn('\n*** NOT TESTED: what is refused over ssh. There is no sshd on this machine. ***\n')

/** Everything that the server has: objects, and names of refs, in which capitals are lower case. */
const allAt = (folder: string) =>
  `${git(folder, ['cat-file', '--batch', '--batch-all-objects']).toString('latin1')}${gitText(folder, ['for-each-ref'])}`.toLowerCase()

const isIn = (all: string) => (secret: string) => all.includes(secret.toLowerCase())

/** A store with a session for each place, and one without a secret. Returns the secrets, by session. */
async function planted(store: GitSessionStore): Promise<ReadonlyMap<string, string>> {
  const random = seeded(21)
  const secrets = new Map<string, string>()
  await begin(store, 'clean')
  for (const [n, [, plant]] of Object.entries(PLACES).entries()) {
    const [id, secret] = [`s${n + 10}`, sample('ghp_{w36}', random)]
    await store.save(emptySession(id))
    await plant(store, id, secret)
    secrets.set(id, secret)
  }
  return secrets
}

const placeOf = (id: string): string => Object.keys(PLACES)[Number(id.slice(1)) - 10] ?? id

for (const [name, { isHere = true, start }] of Object.entries(TRANSPORTS)) {
  test.skipIf(!isHere)(
    `over ${name}: what holds a secret is refused, and nothing of it is sent`,
    async () => {
      const { url, folder } = await start()
      const store = machine(url, 'one')
      const secrets = await planted(store)
      const { pushed, refused } = await store.push({ workspace: true })
      expect(pushed).toEqual(['heads/clean/main'])
      expect(refused.map(({ session }) => placeOf(session)).sort()).toEqual(Object.keys(PLACES).sort())
      for (const { error, reason } of refused) {
        expect(error).toBeInstanceOf(NotSharedError)
        for (const secret of secrets.values()) expect(reason).not.toContain(secret)
      }
      const sent = allAt(folder)
      expect([...secrets].filter(([, secret]) => sent.includes(secret)).map(([id]) => placeOf(id))).toEqual(
        [],
      )
    },
  )

  test.skipIf(!isHere)(`over ${name}: an archive takes no secret along`, async () => {
    const { url, folder } = await start()
    const store = machine(url, 'one')
    const secrets = await planted(store)
    await store.archive({ sessions: ['clean', ...secrets.keys()] })
    const { archived, refused } = await store.push({ workspace: true })
    expect(archived).toEqual(['clean'])
    expect(refused.map(({ session }) => placeOf(session)).sort()).toEqual(Object.keys(PLACES).sort())
    const isSent = isIn(allAt(folder))
    expect([...secrets].filter(([, secret]) => isSent(secret)).map(([id]) => placeOf(id))).toEqual([])
  })
}

test('a session whose name is a secret is not sent, and neither is its deletion', async () => {
  const { url, folder } = await folderServer()
  const store = machine(url, 'one')
  const secret = sample('ghp_{w36}', seeded(22))
  await begin(store, secret)
  expect((await store.push()).refused).toHaveLength(1)
  await store.delete(secret)
  await store.sync()
  expect(isIn(allAt(folder))(secret)).toBe(false)
})

test('a store without a disk redacts before it sends, and refuses a name', async () => {
  const { url, folder } = await httpServer()
  const store = new RemoteSessionStore(url, { redact: redactSecrets() })
  closing.push(() => store.close())
  const secrets: string[] = []
  const random = seeded(23)
  for (const [n, [place, plant]] of Object.entries(PLACES).entries()) {
    // Bytes in a value are not decoded by `redact`, as the page on security says.
    if (/workspace|the message of a tag|bytes/.test(place)) continue
    const secret = sample('ghp_{w36}', random)
    secrets.push(secret)
    await store.save(emptySession(`s${n}`))
    const planted = plant(store as unknown as GitSessionStore, `s${n}`, secret)
    if (place.startsWith('the name of')) await expect(planted).rejects.toThrow(InvalidIdError)
    else await planted
  }
  const sent = allAt(folder)
  expect(sent).toContain('[redacted:github:')
  expect(secrets.filter(isIn(sent))).toEqual([])
})
