/** Processes that are killed while they save turns with files, or restore files. */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startServer } from '../agent/agent-context.ts'
import { tempFolder } from '../git/real-git.ts'
import type { ScriptedTurn } from '../support/model-server.mjs'
import { type Content, contentOf, write } from './support/folder.ts'
import { LATER, sceneIn } from './support/store.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'
const KILLS = SOAK ? 60 : 8
const RESTORES = SOAK ? 60 : 12

const random = (below: number): number => Math.floor(Math.random() * below)

/** Starts a script of `support/`; resolves when it is ready. */
async function start(script: string, ...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'support', script), ...args])
  let [said, errors] = ['', '']
  child.stdout.on('data', (text) => {
    said += text
  })
  child.stderr.on('data', (text) => {
    errors += text
  })
  const ended = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), ended])
  expect(child.exitCode, errors).toBeNull()
  return {
    child,
    /** Resolves when it has printed so many lines, or ended. */
    async lines(count: number): Promise<void> {
      while (child.exitCode === null && said.split('\n').length <= count)
        await Promise.race([once(child.stdout, 'data'), ended])
    },
    /** Kills it, and returns all lines that it has printed as a whole. */
    async kill(): Promise<string[]> {
      expect(child.exitCode, errors).toBeNull()
      child.kill('SIGKILL')
      await ended
      return said.split('\n').slice(0, -1)
    },
  }
}

/** Writes, changes, moves and deletes files, then says that it is done. */
function turn({ body }: { body: unknown }): ScriptedTurn {
  const { messages } = body as { messages: { role: string }[] }
  if (messages.at(-1)!.role !== 'user') return { text: 'Done.' }
  const file = () => `d${random(4)}/f${random(8)}`
  const commands = Array.from({ length: 3 }, () => {
    const to = file()
    return `head -c ${random(30_000)} /dev/urandom > ${to}; chmod ${random(2) === 0 ? 644 : 755} ${to}`
  })
  const command = [
    'mkdir -p d0 d1 d2 d3',
    ...commands,
    `rm -f ${file()}`,
    `mv -f ${file()} ${file()}`,
    ':',
  ].join('; ')
  return {
    text: 'I start.',
    calls: [{ id: `c${Date.now()}-${random(1e6)}`, name: 'bash', input: { command } }],
  }
}

interface Acknowledged {
  id?: string
  prompt: string
  problem?: string
  files: Record<string, string>
}

test(`an agent that is killed ${KILLS} times has every turn that it was promised, with its files`, async () => {
  const server = await startServer(turn)
  const base = realpathSync(tempFolder())
  const [folder, root] = [join(base, 'store'), join(base, 'project')]
  mkdirSync(root)
  const promised: Acknowledged[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const snapshots = kill % 2 === 0 ? 'turn' : 'step'
    const agent = await start('agent-child.mjs', server.url, folder, root, snapshots)
    await agent.lines(1 + random(3))
    await sleep(random(600))
    const lines = await agent.kill()
    promised.push(...lines.slice(1).map((line) => JSON.parse(line)))
    execFileSync('git', ['--git-dir', folder, 'fsck', '--strict'], { stdio: 'pipe' })
  }
  const { store, files } = sceneIn(folder, root)
  for (const { id, prompt, problem, files: expected } of promised) {
    expect(problem).toBeUndefined()
    const { messages, runs } = (await store.load('demo', { at: id! }))!
    expect(JSON.stringify(messages)).toContain(prompt)
    expect(runs.at(-1)!.status).toBe('completed')
    const found: Record<string, string> = {}
    for (const { path, kind } of await files.list('demo', id!)) {
      const hash = createHash('sha256').update(await files.read('demo', id!, path))
      found[path] = hash.digest('hex') + (kind === 'executable' ? '*' : '')
    }
    expect(found).toEqual(expected)
  }
  expect(promised.length).toBeGreaterThan(KILLS / 2)
}, 300_000)

test(`a restore that is killed ${RESTORES} times is completed by another, and nothing of before is lost`, async () => {
  const names = Array.from({ length: 150 }, (_, n) => `d${n % 7}/f${n}`)
  const content = (kind: string): Content =>
    Object.fromEntries(
      names.filter((_, n) => n % 5 !== kind.length).map((path, n) => [path, `${kind} ${n}`.repeat(200)]),
    )
  let halves = 0
  for (let kill = 0; kill < RESTORES; kill++) {
    const base = realpathSync(tempFolder())
    const [folder, root] = [join(base, 'store'), join(base, 'project')]
    const before = sceneIn(folder, root)
    const fill = (to: Content) =>
      write(root, { ...Object.fromEntries(names.map((path) => [path, undefined])), ...to })
    const [old, now] = [content('old'), content('newer')]
    fill(old)
    const one = await before.turn('one')
    fill(now)
    await before.store.close()

    const { child, kill: stop } = await start('restore-child.mjs', folder, root, one)
    child.stdin.write('go\n')
    await sleep(random(250))
    const isDone = child.exitCode !== null || (await stop()).includes('done')
    const half = contentOf(root)
    if (!isDone && JSON.stringify(half) !== JSON.stringify(now)) halves++
    for (const [path, text] of Object.entries(half))
      if (!path.endsWith('.tmp')) expect([old[path], now[path]]).toContain(text)

    const next = sceneIn(folder, root, {}, { now: LATER })
    await next.files.restore('demo', one)
    expect(contentOf(root)).toEqual(old)
    expect(await next.files.state('demo', one)).toBe('same')
    const subjects = next.git('log', '--reverse', '--format=%H %s', 'demo/_workspace.main').split('\n')
    const undo = subjects.find((line) => line.includes('before going back to'))!
    await next.files.restore('demo', undo.slice(0, 40))
    expect(contentOf(root)).toEqual(now)
    expect(next.git('fsck', '--strict')).toBe('')
  }
  expect(halves).toBeGreaterThan(0)
}, 300_000)

test('a restore that is killed while it writes a file leaves nothing that another restore or a snapshot keeps', async () => {
  for (const isSnapshot of [false, true]) {
    const base = realpathSync(tempFolder())
    const [folder, root] = [join(base, 'store'), join(base, 'project')]
    const before = sceneIn(folder, root)
    const big = Array.from({ length: 8 }, (_, n) => `built/big${n}`)
    write(root, Object.fromEntries(big.map((path) => [path, path.repeat(1_000_000)])))
    const one = await before.turn('one')
    // Not seen by the walk of a snapshot, because the folder is ignored when the restore is killed.
    const none: Record<string, string | undefined> = {
      ...Object.fromEntries(big.map((path) => [path, undefined])),
      'built/other': '1',
      '.gitignore': '/built/\n',
    }
    write(root, none)
    await before.turn('two')
    await before.store.close()
    const temporaries = () => readdirSync(join(root, 'built')).filter((name) => name.endsWith('.tmp'))
    for (let tries = 0; tries < 20 && temporaries().length === 0; tries++) {
      const { child, kill: stop } = await start('restore-child.mjs', folder, root, one)
      child.stdin.write('go\n')
      while (child.exitCode === null && temporaries().length === 0)
        await new Promise((resolve) => setImmediate(resolve))
      if (child.exitCode === null) await stop()
      if (temporaries().length === 0) write(root, none)
    }
    expect(temporaries()).toHaveLength(1)
    const next = sceneIn(folder, root)
    if (isSnapshot) await next.turn('three')
    else await next.files.restore('demo', one)
    expect(temporaries()).toEqual([])
    expect(readdirSync(join(folder, 'forkpoint/restores'))).toEqual([])
  }
}, 120_000)
