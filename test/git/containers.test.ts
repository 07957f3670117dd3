import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { Repository } from '../../src/git/repository.ts'
import { gitText, tempFolder } from './real-git.ts'
import { buildGitLayer } from './support/build.ts'
import { type Container, type Saver, startSaver } from './support/processes.ts'

const able = process.platform === 'linux' && process.getuid?.() === 0
if (!able) console.warn('Tests with containers are SKIPPED: they need Linux, and root.')

const MAIN = 'refs/heads/s/main'

describe('a worker that is terminated while it saves', () => {
  const built = tempFolder()
  const script = join(import.meta.dirname, 'support/children/terminated.mjs')

  beforeAll(() => buildGitLayer(built))

  for (const able of ['yes', 'no']) {
    const disk = able === 'yes' ? '' : ', on a disk with neither sockets nor hard links'
    // Without a socket a thread is known by what Linux says of it.
    it.skipIf(able === 'no' && process.platform !== 'linux')(`leaves nothing in the way${disk}`, () => {
      const store = join(tempFolder(), 'store')
      const output = execFileSync(process.execPath, [script, built, store, '8', able], { encoding: 'utf8' })
      expect(output.trim().split('\n')).toHaveLength(8)
      expect(gitText(store, ['fsck', '--strict', '--no-dangling'])).toBe('')
      expect(readdirSync(join(store, 'forkpoint/journals'))).toEqual([])
    })
  }
})

describe.skipIf(!able)('containers with boot ids of their own, on one folder', () => {
  const built = tempFolder()
  let boots = 0

  beforeAll(() => buildGitLayer(built))

  function container(host: string): Container {
    const boot = join(built, `boot-${boots++}`)
    writeFileSync(boot, `${randomUUID()}\n`)
    return { boot, host }
  }

  const acknowledged = (savers: readonly Saver[]): string[] =>
    savers.flatMap((saver) => saver.acknowledged.get(MAIN) ?? [])

  function expectAllThere(store: string, savers: readonly Saver[]): void {
    const there = new Set(gitText(store, ['rev-list', MAIN]).split('\n'))
    expect(acknowledged(savers).filter((id) => !there.has(id))).toEqual([])
    expect(gitText(store, ['fsck', '--strict', '--no-dangling'])).toBe('')
  }

  for (const hosts of [
    ['one', 'two'],
    ['same', 'same'],
  ])
    it(`lose no save of each other, with the hosts ${hosts.join(' and ')}`, async () => {
      const store = join(tempFolder(), 'store')
      const options = { refs: [MAIN], count: 60, compareAndSet: true, settleAfter: 50, settleEvery: 15 }
      const savers = hosts.map((host) => startSaver(built, store, options, container(host)))
      for (const saver of savers) expect(await saver.ended).toEqual({ code: 0, errors: '' })
      expect(acknowledged(savers)).toHaveLength(120)
      expectAllThere(store, savers)
    })

  it('take over from one that is killed, while another goes on', async () => {
    const store = join(tempFolder(), 'store')
    const savers: Saver[] = []
    const start = (count: number): Saver => {
      const saver = startSaver(
        built,
        store,
        { refs: [MAIN], count, compareAndSet: true, settleAfter: 100 },
        container('same'),
      )
      savers.push(saver)
      return saver
    }
    const steady = start(400)
    await steady.begun
    for (let round = 0; round < 4; round++) {
      const victim = start(10_000)
      await victim.begun
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
      victim.process.kill('SIGKILL')
      await victim.ended
    }
    expect(await steady.ended).toEqual({ code: 0, errors: '' })
    expectAllThere(store, savers)
    const last = new Repository(store)
    await last.recover()
    await last.close()
    expectAllThere(store, savers)
  }, 60_000)
})
