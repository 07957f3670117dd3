import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { GitSessionStore, newMessage, newSession } from '../../src/index.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { forkpointHere, workFolder } from './command-line.ts'

const cwd = await workFolder()
const run = (...args: string[]) => forkpointHere(args, { cwd })
const token = sample('ghp_{w36}', seeded(3))

describe('forkpoint redact', () => {
  let old = ''
  beforeAll(async () => {
    const store = new GitSessionStore(join(cwd, 'sessions'))
    await store.save(newSession('demo'))
    old = (await store.append('demo', { messages: [newMessage('user', `use ${token}, Hunter Two`)] })).id
    await store.append('demo', { messages: [newMessage('user', 'thanks')] })
    await store.fork('demo', { at: 'main', session: 'copy' })
    await store.close()
  })

  it('without --yes it changes nothing and shows no secret', async () => {
    const { code, stdout, stderr } = await run('redact', 'demo')
    expect(code).toBe(0)
    expect(stdout).toContain('Would rewrite 3 of 4 checkpoints, in 2 sessions: copy, demo\n')
    expect(stdout).toMatch(/\ngithub: \d places?, such as /)
    expect(stderr).toContain('Nothing was changed. To do it: forkpoint redact demo --yes')
    expect(stdout + stderr).not.toContain(token)
    expect((await run('show', `demo/${old}`)).stdout).toContain(token)
  })

  it('with --yes it rewrites, and old ids lead to the new ones', async () => {
    const { code, stdout } = await run('redact', 'demo', '--yes', '--json')
    expect(code).toBe(0)
    expect(stdout).not.toContain(token)
    expect(JSON.parse(stdout)).toMatchObject({
      session: 'demo',
      done: true,
      rewritten: 3,
      sessions: ['copy', 'demo'],
      remaining: [],
      findings: [{ rule: 'github' }],
    })
    const shown = await run('show', `demo/${old}`)
    expect(shown.code).toBe(0)
    expect(shown.stderr).toBe(`note: ${old} was rewritten, and is this checkpoint now\n`)
    expect(shown.stdout).toMatch(/use \[redacted:github:.{8}\]/)
    expect((await run('redact', 'demo')).stdout).toBe('Nothing to take out of 4 checkpoints.\n')
  })

  it('takes out texts of a file, and refuses those that stand everywhere', async () => {
    const file = join(cwd, 'texts.txt')
    writeFileSync(file, 'Hunter Two\n')
    const { code, stdout } = await run('redact', 'copy', '--text-file', file, '--yes')
    expect(code).toBe(0)
    expect(stdout).toContain('Rewrote 3 of 4 checkpoints, in 2 sessions: copy, demo\n')
    expect((await run('show', 'demo/main~1')).stdout).toMatch(/\[redacted:text:.{8}\]/)
    expect((await run('verify')).code).toBe(0)
    writeFileSync(file, 'the\n')
    expect((await run('redact', 'copy', '--text-file', file)).code).toBe(2)
    expect((await run('redact', 'copy', '--text-file', join(cwd, 'none'))).code).toBe(4)
    expect((await run('redact', 'none')).code).toBe(4)
  })
})
