import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SigningError, UnsupportedError } from '../../src/errors.ts'
import { encodeCommit, splitSignature, withSignature } from '../../src/git/objects/commit.ts'
import { EMPTY_TREE } from '../../src/git/objects/object.ts'
import { AllowedSigners, AllowedSignersError } from '../../src/git/signing/allowed-signers.ts'
import { checkCommit } from '../../src/git/signing/commit-signature.ts'
import { Signer } from '../../src/git/signing/signer.ts'
import { allowSigners, hasKeygen, makeKey, type TestKey } from '../support/ssh-keys.ts'
import { bareRepository, git, gitText, tempFolder } from './real-git.ts'

const AT = Date.UTC(2025, 10, 3, 9, 12)
const ann = { name: 'Ann', email: 'ann@example.com', at: AT }
const payload = encodeCommit({
  tree: EMPTY_TREE,
  parents: [],
  author: ann,
  committer: ann,
  message: 'one\n\ntwo ü\n',
})

const signed = async (key: TestKey): Promise<Buffer> =>
  withSignature(payload, await new Signer(key.file).sign(payload))

/** Writes the commit where git finds it; returns whether git calls it good. */
function gitSays(data: Uint8Array, args: readonly string[]): { isGood: boolean; text: string } {
  const repository = bareRepository()
  git(repository, ['hash-object', '-w', '-t', 'tree', '--stdin'])
  const id = git(repository, ['hash-object', '-w', '-t', 'commit', '--stdin'], data).toString().trim()
  expect(gitText(repository, ['fsck', '--strict', '--full', id])).toBe('')
  try {
    const result = execFileSync('git', [...args, 'verify-commit', '-v', id], {
      cwd: repository,
      stdio: 'pipe',
      encoding: 'utf8',
    })
    return { isGood: true, text: result }
  } catch (error) {
    return { isGood: false, text: (error as { stderr: string }).stderr }
  }
}

describe.skipIf(!hasKeygen)('a signed commit', () => {
  it('is good for git and for us, whatever the type of the key', async () => {
    for (const type of ['ed25519', 'rsa', 'ecdsa256', 'ecdsa384', 'ecdsa521']) {
      const folder = tempFolder()
      const key = makeKey(folder, type)
      const allowed = allowSigners(folder, `ann@example.com ${key.public}`)
      // Numbers of ECDSA are now and then a byte shorter.
      for (let n = 0; n < (type.startsWith('ecdsa') ? 3 : 1); n++) {
        const data = await signed(key)
        expect(gitSays(data, allowed.git).isGood).toBe(true)
        expect(checkCommit(data, await AllowedSigners.read(allowed.file))).toEqual({
          status: 'good',
          key: key.fingerprint,
          principal: 'ann@example.com',
        })
      }
    }
  })

  it('by an ed25519 key has the bytes that ssh-keygen would give it', async () => {
    const key = makeKey(tempFolder())
    const theirs = execFileSync('ssh-keygen', ['-Y', 'sign', '-n', 'git', '-f', key.file], {
      input: payload,
      stdio: 'pipe',
    })
    expect(`${await new Signer(key.file).sign(payload)}\n`).toBe(theirs.toString())
    expect(await new Signer(readFileSync(key.file, 'utf8')).sign(payload)).toBe(theirs.toString().trimEnd())
  })

  it('is told apart into what was signed and the signature, as git does', async () => {
    const data = await signed(makeKey(tempFolder()))
    expect(splitSignature(data)!.signed).toEqual(payload)
    expect(splitSignature(payload)).toBeUndefined()
    const text = data.toString('latin1')
    const tagged = Buffer.from(
      text.replace('\ngpgsig ', '\nmergetag object 1\n  gpgsig x\ngpgsig-sha256 no\n no\ngpgsig '),
      'latin1',
    )
    expect(splitSignature(tagged)!.signed.toString('latin1')).toBe(
      payload.toString('latin1').replace('\n\n', '\nmergetag object 1\n  gpgsig x\n\n'),
    )
    const inMessage = Buffer.from(payload.toString('latin1').replace('one', 'gpgsig one'), 'latin1')
    expect(splitSignature(inMessage)).toBeUndefined()
  })

  it('that git made is good for us', async () => {
    const folder = tempFolder()
    const key = makeKey(folder, 'rsa')
    const repository = bareRepository()
    const tree = git(repository, ['mktree']).toString().trim()
    const sign = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${key.file}`]
    const id = gitText(repository, [...sign, 'commit-tree', '-S', '-m', 'by git', tree])
    const data = git(repository, ['cat-file', 'commit', id])
    expect(checkCommit(data, undefined)).toEqual({ status: 'good', key: key.fingerprint })
  })

  it('is bad for git and for us when a byte of it changes, and says so', async () => {
    const folder = tempFolder()
    const key = makeKey(folder)
    const { file, git: args } = allowSigners(folder, `ann@example.com ${key.public}`)
    const data = await signed(key)
    const allowed = await AllowedSigners.read(file)
    const altered = Buffer.from(data.toString('latin1').replace('one', 'two'), 'latin1')
    expect(gitSays(altered, args).isGood).toBe(false)
    expect(checkCommit(altered, allowed)).toEqual({
      status: 'bad',
      key: key.fingerprint,
      reason: 'does not fit',
    })
    // Whatever byte of the signature changes, and wherever it ends: never good, never thrown.
    const [start, end] = [data.indexOf('gpgsig '), data.indexOf('-----END')]
    for (let at = start + 40; at < end; at++) {
      const broken = Buffer.from(data)
      broken[at] = broken[at] === 0x41 ? 0x42 : 0x41
      const cut = Buffer.concat([data.subarray(0, at), data.subarray(end)])
      // What follows the last base64 digit, or lies in its unused bits, changes nothing.
      if (!Buffer.from(splitBase64(broken), 'base64').equals(Buffer.from(splitBase64(data), 'base64')))
        expect(checkCommit(broken, allowed)?.status).not.toBe('good')
      expect(checkCommit(cut, allowed)?.status).not.toBe('good')
    }
  })

  it('for another namespace is bad', async () => {
    const folder = tempFolder()
    const key = makeKey(folder)
    const file = execFileSync('ssh-keygen', ['-Y', 'sign', '-n', 'file', '-f', key.file], {
      input: payload,
      stdio: 'pipe',
    })
    const data = withSignature(payload, file.toString().trimEnd())
    const allowed = allowSigners(folder, `ann@example.com ${key.public}`)
    expect(gitSays(data, allowed.git).isGood).toBe(false)
    expect(checkCommit(data, undefined)).toMatchObject({
      status: 'bad',
      reason: "is for 'file', not for git",
    })
  })

  it('of OpenPGP is left to git', () => {
    const data = withSignature(payload, '-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----')
    expect(checkCommit(data, undefined)).toEqual({
      status: 'unknown',
      reason: 'is not one of SSH, and only git can check it',
    })
  })
})

const splitBase64 = (data: Buffer): string => {
  const { signature } = splitSignature(data) ?? { signature: '' }
  return signature.slice(29, signature.indexOf('-----END'))
}

describe.skipIf(!hasKeygen)('allowed signers', () => {
  it('are judged as git judges them', async () => {
    const folder = tempFolder()
    const key = makeKey(folder)
    const other = makeKey(folder, 'ecdsa256').public
    const data = await signed(key)
    const cases: [good: string | undefined, ...lines: string[]][] = [
      ['ann@example.com', `ann@example.com ${key.public} a comment`],
      ['ann@example.com', `bob@example.com ${other}`, `ann@example.com,amy@example.com ${key.public}`],
      ['*@example.com', `"*@example.com" ${key.public}`],
      ['*', `!bob,* ${key.public}`],
      [undefined, `bob@example.com ${other}`],
      ['a@x', `a@x namespaces="git" ${key.public}`],
      ['a@x', `a@x namespaces="file,g?t" ${key.public}`],
      [undefined, `a@x namespaces="!git,*" ${key.public}`],
      [undefined, `a@x namespaces="file" ${key.public}`, `b@x ${key.public}`],
      ['a@x', `a@x namespaces="file" ${key.public}`, `a@x ${key.public}`],
      [
        'a@x',
        `a@x valid-after="20251103091200Z",valid-before="20251103091200Z" ${key.public}`.replace(
          'before="20251103091200Z',
          'before="20251103091201Z',
        ),
      ],
      [undefined, `a@x valid-after="20251104Z" ${key.public}`],
      [undefined, `a@x Valid-Before="20251103Z" ${key.public}`],
      [
        'b@x',
        `a@x valid-before="20251101" ${key.public}`,
        `b@x valid-after="202511020000",namespaces="git" ${key.public}`,
      ],
    ]
    for (const [principal, ...lines] of cases) {
      const { file, git: args } = allowSigners(folder, ...lines)
      const result = checkCommit(data, await AllowedSigners.read(file))
      const theirs = gitSays(data, args)
      expect([lines, result?.status, result?.principal]).toEqual([
        lines,
        principal ? 'good' : 'unknown',
        principal,
      ])
      expect([lines, theirs.isGood]).toEqual([lines, principal !== undefined])
      if (result?.reason) expect(result.reason).toContain('not of the allowed signers')
    }
  })

  it('that make no sense are refused with their line', () => {
    const read = (line: string) => () => new AllowedSigners(`# one\n${line}\n`, 'signers')
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4RPGNd9i0PYgqWmGJhNKwKJmDZ9HAGZEWzHQuRYJPh'
    expect(read(`a@x ${key}`)).not.toThrow()
    for (const line of [
      'a@x',
      'a@x ssh-ed25519',
      'a@x ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ4RPGNd9i0PYgqWmGJhNKwKJmDZ9HAGZEWzHQuRYJPh',
      `a@x no-such-option ${key}`,
      `a@x valid-after="2025" ${key}`,
      `a@x valid-after="20250231Z" ${key}`,
      `a@x valid-after="20250201Z",valid-before="20250101Z" ${key}`,
    ]) {
      expect(read(line), line).toThrow(AllowedSignersError)
      expect(read(line), line).toThrow(/^Line 2 of the allowed signers in 'signers' /)
    }
    expect(read(`*@x cert-authority ${key}`)).toThrow(UnsupportedError)
    expect(read(`*@x cert-authority ${key}`)).toThrow(/Line 2 .* is a certificate authority/)
  })
})

describe.skipIf(!hasKeygen)('a key', () => {
  it('that is locked signs by way of the agent, and without one nobody is asked', async () => {
    const folder = tempFolder()
    const open = makeKey(folder)
    const key = makeKey(folder, 'ed25519', 'secret words')
    const before = process.env.SSH_AUTH_SOCK
    delete process.env.SSH_AUTH_SOCK
    const refused = new Signer(key.file)
    await expect(refused.ready()).rejects.toThrow(SigningError)
    const agent = spawnSync('ssh-agent', ['-s', '-a', join(folder, 'agent')], { encoding: 'utf8' })
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent.stdout)?.[1])
    try {
      process.env.SSH_AUTH_SOCK = join(folder, 'agent')
      writeFileSync(join(folder, 'ask'), '#!/bin/sh\necho secret words\n', { mode: 0o700 })
      const env = { ...process.env, SSH_ASKPASS: join(folder, 'ask'), SSH_ASKPASS_REQUIRE: 'force' }
      execFileSync('ssh-add', ['-q', key.file], { env, stdio: 'pipe' })
      execFileSync('ssh-add', ['-q', open.file], { stdio: 'pipe' })
      // The one that was refused works now.
      for (const signer of [refused, new Signer(`${key.file}.pub`), new Signer(`${open.file}.pub`)]) {
        const data = withSignature(payload, await signer.sign(payload))
        expect(checkCommit(data, undefined)?.status).toBe('good')
      }
    } finally {
      process.kill(pid)
      if (before === undefined) delete process.env.SSH_AUTH_SOCK
      else process.env.SSH_AUTH_SOCK = before
    }
  })

  it('that is missing, damaged or given as text of another type is refused, and its text never shown', async () => {
    const folder = tempFolder()
    await expect(new Signer(join(folder, 'none')).ready()).rejects.toThrow(
      /'.*none' failed: There is no file/,
    )
    const text = readFileSync(makeKey(folder).file, 'utf8')
    const lines = text.split('\n')
    const short = [lines[0], lines[1], ...lines.slice(-2)].join('\n')
    await expect(new Signer(short).ready()).rejects.toThrow(/damaged: It ends too early/)
    const other = readFileSync(makeKey(folder, 'ecdsa256').file, 'utf8')
    const error = await new Signer(other).ready().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(SigningError)
    expect(JSON.stringify({ ...(error as object), message: String(error) })).not.toContain('PRIVATE KEY')
  })
})
