import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { newSession } from '../../src/index.ts'
import { allowSigners, hasKeygen, makeKey, type TestKey } from '../support/ssh-keys.ts'
import { DEMO, forkpoint, forkpointHere, jsonLines, shell, workFolder } from './command-line.ts'

const cwd = await workFolder()
const run = (...args: string[]) => forkpointHere(args, { cwd })

describe.skipIf(!hasKeygen)('signatures on the command line', () => {
  let key: TestKey
  let allowed: ReturnType<typeof allowSigners>
  beforeAll(async () => {
    key = makeKey(cwd)
    allowed = allowSigners(cwd, `ann@example.com ${key.public}`)
    await run('import', 'claude-code', DEMO, '--session', 'demo', '--sign', key.file)
    await forkpointHere(['fork', 'demo', '--session', 'copy'], { cwd, env: { FORKPOINT_SIGN: key.file } })
  })

  it('verify --signatures says who signed, as git does', async () => {
    const { code, stdout } = await run('verify', '--signatures', '--allowed-signers', allowed.file)
    expect(stdout).toMatch(
      new RegExp(
        `^1[45] checkpoints signed by ann@example.com \\(${key.fingerprint.replace(/[+/]/g, '\\$&')}\\)\nNo problems: `,
      ),
    )
    expect(code).toBe(0)
    const git = (...args: string[]) =>
      execFileSync('git', [...allowed.git, ...args], {
        cwd: join(cwd, 'sessions'),
        encoding: 'utf8',
        stdio: 'pipe',
      })
    git('verify-commit', ...git('rev-list', '--all').trim().split('\n'))
    expect(git('log', '-1', '--show-signature', 'copy/main')).toContain(
      'Good "git" signature for ann@example.com with ED25519 key',
    )
    const report = JSON.parse((await run('verify', 'demo', '--signatures', '--json')).stdout)
    expect(report).toMatchObject({ ok: true, signatures: { keys: [{ key: key.fingerprint }] } })
  })

  it('log says who signed', async () => {
    expect((await run('log', 'copy', '-n', '1')).stdout).toContain(`signed by ${key.fingerprint}`)
    const named = await run('log', 'copy', '-n', '1', '--allowed-signers', allowed.file)
    expect(named.stdout).toContain('signed by ann@example.com)')
    const [first] = jsonLines((await run('log', 'copy', '--json', '--allowed-signers', allowed.file)).stdout)
    expect(first).toMatchObject({
      signature: { status: 'good', key: key.fingerprint, principal: 'ann@example.com' },
    })
    const others = join(cwd, 'others')
    writeFileSync(others, '# nobody\n')
    expect((await run('log', 'copy', '-n', '1', '--allowed-signers', others)).stdout).toContain(
      `signature unknown: it is by ${key.fingerprint}, which is not of the allowed signers`,
    )
  })

  it('what is not signed fails the verification, and is not said to be signed', async () => {
    await run('fork', 'demo', '--session', 'plain')
    const { code, stdout } = await run('verify', 'plain', '--signatures')
    expect(stdout).toMatch(/^problem session plain, ([0-9a-f]{40}): Checkpoint \1 has no signature\.\n/)
    expect(code).toBe(1)
    expect((await run('verify', 'plain')).code).toBe(0)
    expect((await run('log', 'plain', '-n', '1')).stdout).not.toContain('sign')
    const usage = await run('verify', '--allowed-signers', allowed.file)
    expect(usage).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--allowed-signers goes with --signatures.'),
    })
  })

  it('a key that is missing stops an import before it makes a store, and serve signs as told', async () => {
    const args = ['import', 'claude-code', DEMO, '--store', 'none', '--sign', join(cwd, 'no-key')]
    const { code, stderr } = await run(...args)
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^forkpoint: Signing with the key '.*no-key' failed: There is no file/),
    ])
    expect((await shell('ls none', { cwd })).code).not.toBe(0)
    const calls = [
      { method: 'store.create', params: { kind: 'git', folder: join(cwd, 'served') } },
      {
        method: 'store.save',
        params: { store: 'store:1', state: newSession('demo') },
      },
    ].map((call, id) => JSON.stringify({ jsonrpc: '2.0', id, ...call }))
    writeFileSync(join(cwd, 'calls'), `${calls.join('\n')}\n`)
    const served = await shell(`$FP serve < calls`, { cwd, env: { FORKPOINT_SIGN: key.file } })
    expect(served.stderr).toBe('')
    const { stdout } = await forkpoint(['verify', '--signatures', '--store', 'served'], { cwd })
    expect(stdout).toContain(`1 checkpoint signed by ${key.fingerprint}`)
  })
})
