import { execFileSync } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { ForkpointSaver } from '../../src/adapters/langgraph/index.ts'
import { importClaudeCode } from '../../src/importers/index.ts'
import {
  AllowedSignersError,
  GitSessionStore,
  NotFoundError,
  newMessage,
  newSession,
  SigningError,
  type SignOptions,
  type UnsignedCheckpoint,
} from '../../src/index.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import { Run } from '../adapters/langgraph/context.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { allowSigners, hasKeygen, makeKey, type TestKey } from '../support/ssh-keys.ts'

const DEMO = join(import.meta.dirname, '../../fixtures/claude-code/demo-session.jsonl')

/** What git says of every commit that refs reach: `G` is good, `U` of an unknown key, `N` none, `B` bad. */
const verdicts = (store: GitSessionStore, args: readonly string[]): string[] =>
  gitText(store.folder, [...args, 'log', '--all', '--format=%G? %GS']).split('\n')

describe.skipIf(!hasKeygen)('a store that signs', () => {
  let key: TestKey
  let allowed: ReturnType<typeof allowSigners>
  beforeAll(() => {
    const folder = tempFolder()
    key = makeKey(folder)
    allowed = allowSigners(folder, `ann@example.com ${key.public}`)
  })
  const storeWith = (sign?: SignOptions, folder = join(tempFolder(), 'store')) =>
    new GitSessionStore(folder, sign && { sign })
  const judged = {
    signatures: {
      get allowedSigners() {
        return allowed.file
      },
    },
  }

  it('signs saves, steps, appends, groups, forks, imports and the commits of adapters, for git and for us', async () => {
    const store = storeWith({ key: key.file })
    const sessions = Array.from({ length: 8 }, (_, n) => newSession(`s${n}`))
    await Promise.all(sessions.map((session) => store.save(session)))
    await Promise.all(
      sessions.flatMap(({ id }) => [
        store.append(id, { messages: [newMessage('user', 'Go')] }, { kind: 'step' }),
        store.append(id, { messages: [newMessage('assistant', 'Gone')] }),
      ]),
    )
    await store.fork('s1', { session: 'copy' })
    await store.fork('s1', { branch: 'other' })
    await store.append('s1', { messages: [newMessage('user', 'Left')] }, { branch: 'other' })
    await importClaudeCode(DEMO, store)
    const saver = new ForkpointSaver(store)
    const run = new Run(saver, { configurable: { thread_id: 'thread' } })
    await run.put({ text: 'one' }, 'input')
    await saver.putWrites(run.config, [['text', 'x']], 'task')
    await saver.close()
    expect(gitText(store.folder, ['for-each-ref', '--format=%(refname)'])).toContain(
      'refs/heads/thread/_writes',
    )

    const all = verdicts(store, allowed.git)
    expect(all.length).toBeGreaterThan(30)
    expect(new Set(all)).toEqual(new Set(['G ann@example.com']))
    const ids = gitText(store.folder, ['rev-list', '--all']).split('\n')
    gitText(store.folder, [...allowed.git, 'verify-commit', ...ids])
    expect(gitText(store.folder, ['fsck', '--strict', '--full'])).toBe('')
    const report = await store.verify(undefined, judged)
    expect(report).toMatchObject({ ok: true, problems: [] })
    expect(report.signatures).toEqual({
      signed: ids.length,
      keys: [{ key: key.fingerprint, principal: 'ann@example.com', checkpoints: ids.length }],
    })
    for await (const { signature } of store.log('copy', judged))
      expect(signature).toEqual({ status: 'good', key: key.fingerprint, principal: 'ann@example.com' })
    for await (const { signature } of store.log('copy')) expect(signature).toBeUndefined()
    // What is maintained, and read by a store that does not sign, stays as it is.
    await store.maintain({ purge: true })
    await store.close()
    const other = storeWith(undefined, store.folder)
    expect((await other.verify('s1', judged)).ok).toBe(true)
    await other.close()
  })

  it('signs what thinning and redacting make; deletions and archives are the same on every machine, and unsigned', async () => {
    const [own, token] = [join(tempFolder(), 'own'), `ghp_${'a1B2'.repeat(9)}`]
    const server = join(tempFolder(), 'server.git')
    execFileSync('git', ['init', '--quiet', '--bare', server])
    const store = storeWith({ key: key.file }, own)
    for (const id of ['thin', 'leaky', 'old', 'clean']) {
      await store.save(newSession(id))
      for (const text of ['one', id === 'leaky' ? token : 'two', 'three', 'four'])
        await store.append(id, { messages: [newMessage('user', text)] })
    }
    expect((await store.thin('thin', { keepLast: 1 })).thinned).toBeGreaterThan(0)
    await store.rewrite('leaky', redactSecrets())
    await store.archive({ sessions: ['old'] })
    await store.addRemote('origin', server)
    await store.push({ only: ['clean'] })
    await store.delete('clean')
    const refs = gitText(own, ['for-each-ref', '--format=%(refname)'])
    for (const kind of ['archive', 'gone', 'rewritten']) expect(refs).toContain(`refs/forkpoint/${kind}/`)
    const format = '--format=%H %G? %(trailers:key=Forkpoint-Kind,valueonly,separator=)'
    const made = gitText(own, [...allowed.git, 'log', '--all', format]).split('\n')
    const signed = made.filter((line) => line.slice(41, 42) === 'G').map((line) => line.slice(0, 40))
    expect(signed.length).toBeGreaterThan(10)
    gitText(own, [...allowed.git, 'verify-commit', ...signed])
    // Every machine makes the same ones, whatever its key. That without a kind is the branch which a server shows first.
    const others = made.filter((line) => line.slice(41, 42) !== 'G')
    expect(new Set(others.map((line) => line.slice(43)))).toEqual(new Set(['archive', 'gone', '']))
    await store.close()
  })

  it('names what is not signed, not by an allowed signer, or not as it was signed', async () => {
    const folder = join(tempFolder(), 'store')
    const stranger = makeKey(tempFolder(), 'ecdsa256')
    const steps: [SignOptions | undefined, string][] = [
      [{ key: key.file }, 'signed'],
      [undefined, 'unsigned'],
      [{ key: key.file, mode: 'off' }, 'off'],
      [{ key: stranger.file }, 'by a stranger'],
    ]
    for (const [sign, text] of steps) {
      const store = storeWith(sign, folder)
      if (text === 'signed') await store.save(newSession('demo'), { subject: text })
      else await store.append('demo', { messages: [newMessage('user', text)] }, { subject: text })
      await store.close()
    }
    const store = storeWith(undefined, folder)
    const [head = ''] = gitText(folder, ['rev-list', '-1', 'refs/heads/demo/main']).split('\n')
    const altered = execFileSync('git', ['cat-file', 'commit', `${head}~3`], {
      cwd: folder,
      encoding: 'utf8',
    }).replace('signed', 'singed')
    const forged = gitText(folder, ['hash-object', '-w', '-t', 'commit', '--stdin'], altered)
    gitText(folder, ['update-ref', 'refs/heads/demo/forged', forged])
    expect(
      verdicts(store, allowed.git)
        .map(([letter]) => letter)
        .sort(),
    ).toEqual(['B', 'G', 'N', 'N', 'U'])
    const { ok, problems, signatures } = await store.verify('demo', judged)
    expect(ok).toBe(false)
    expect(
      problems
        .map(({ message }) => message.replace(/[0-9a-f]{40}/, 'C').replace(stranger.fingerprint, 'KEY'))
        .sort(),
    ).toEqual([
      'Checkpoint C has no signature.',
      'Checkpoint C has no signature.',
      'Checkpoint C: its signature does not fit.',
      'Checkpoint C: its signature is by KEY, which is not of the allowed signers.',
    ])
    expect(signatures).toMatchObject({ signed: 1 })
    // Without a list every key is as good as another; what does not fit never is.
    expect((await store.verify('demo', { signatures: {} })).signatures).toMatchObject({ signed: 2 })
    expect((await store.verify('demo')).ok).toBe(true)
    await store.close()
  })

  it('refuses to save what it must sign and cannot, before anything is made', async () => {
    const locked = makeKey(tempFolder(), 'ed25519', 'secret words')
    vi.stubEnv('SSH_AUTH_SOCK', undefined)
    for (const file of [join(tempFolder(), 'none'), locked.file]) {
      const store = storeWith({ key: file, mode: 'required' })
      const error = await store.save(newSession('demo')).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(SigningError)
      expect(error).toMatchObject({
        code: 'SIGNING',
        key: file,
        reason: expect.stringMatching(/There is no file|passphrase/),
      })
      expect(existsSync(store.folder)).toBe(false)
      await store.close()
    }
    vi.unstubAllEnvs()
  })

  it('saves all the same where it need not sign, says what was not signed, and signs again when it can', async () => {
    const folder = tempFolder()
    const later = makeKey(folder)
    renameSync(later.file, `${later.file}-away`)
    const unsigned: UnsignedCheckpoint[] = []
    const sign: SignOptions = {
      key: later.file,
      mode: 'best-effort',
      onUnsigned: (one) => unsigned.push(one),
    }
    const store = storeWith(sign)
    const { id } = await store.save(newSession('demo'))
    expect(unsigned).toEqual([{ session: 'demo', checkpoint: id, error: expect.any(SigningError) }])
    renameSync(`${later.file}-away`, later.file)
    const view = store.view({ type: 'session' })
    await view.append('demo', { messages: [newMessage('user', 'Go')] })
    expect(unsigned).toHaveLength(1)
    const { problems, signatures } = await store.verify('demo', { signatures: {} })
    expect(problems).toEqual([expect.objectContaining({ session: 'demo', checkpoint: id })])
    expect(signatures).toMatchObject({ signed: 1, keys: [{ key: later.fingerprint }] })
    await store.close()
  })

  it('warns once where nobody listens', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const store = storeWith({ key: join(tempFolder(), 'none'), mode: 'best-effort' })
    await store.save(newSession('a'))
    await store.save(newSession('b'))
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining("of session 'a'"), { code: 'FORKPOINT_UNSIGNED' }],
    ])
    warn.mockRestore()
    await store.close()
  })

  it('refuses options that cannot be, and lists of signers that cannot be read', async () => {
    for (const sign of [
      {},
      { key: 7 },
      { key: '' },
      { key: 'x', mode: 'often' },
      { key: 'x', onUnsigned: 1 },
      null,
    ])
      expect(() => storeWith(sign as never, 'store'), JSON.stringify(sign)).toThrow(TypeError)
    const store = storeWith()
    await store.save(newSession('demo'))
    const with_ = (file: string) => store.verify('demo', { signatures: { allowedSigners: file } })
    await expect(with_(join(tempFolder(), 'none'))).rejects.toThrow(NotFoundError)
    await expect(with_(key.file)).rejects.toThrow(AllowedSignersError)
    await store.close()
  })
})
