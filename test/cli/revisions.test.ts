/** What follows a session on the command line: every verb takes it as what it is, or refuses it in words. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { newMessage, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { bareRepository } from '../git/real-git.ts'
import { forkpointHere, workFolder } from './command-line.ts'

let cwd: string
let older: string
const run = (...args: string[]) => forkpointHere(args, { cwd, env: { HOME: cwd } })
const runLine = (line: string, place: string) =>
  run(...line.split(' ').map((word) => word.replace('%', place)))

/** Verbs that show something of a checkpoint; `%` is the checkpoint. */
const READING = [
  'log %',
  'log --stat %',
  'show %',
  'show --all %',
  'diff % demo~2',
  'diff demo~2 %',
  'ref %',
  'files %',
  'files --stat %',
  'files % note',
  'restore --dry-run %',
  'export html %',
  'export markdown %',
  'export claude-code %',
  'export openai-messages %',
]
const CHANGING = ['fork % --branch new-#', 'tag % new-#', 'continue % --with codex']
/** Verbs that take a session as a whole. */
const WHOLE = [
  'log --graph %',
  'tag %',
  'branches %',
  'switch % main',
  'delete --yes %',
  'verify %',
  'scan %',
  'thin --inside-turns %',
  'redact %',
  'archive %',
  'unarchive %',
  'search word --session %',
  'bundle one.bundle --session %',
  'push --only %',
  'fetch --only %',
  'sync --only %',
  'status --only %',
]

beforeAll(async () => {
  cwd = await workFolder()
  const project = join(cwd, 'project')
  mkdirSync(project)
  const store = new GitSessionStore(join(cwd, 'sessions'))
  for (const id of ['demo', 'a..b', 'other']) {
    await store.save(newSession(id, { workspace: project }))
    for (const n of [1, 2, 3]) {
      writeFileSync(join(project, 'note'), `${n}`)
      writeFileSync(join(project, `file-${n}`), '')
      const message = newMessage('user', `question ${n}`, { createdAt: `2026-01-02T03:04:0${n}.000Z` })
      await store.append(id, { messages: [message] }, { files: store.files(project), expected: 'any' })
    }
  }
  older = await store.resolve('demo', 'main~1')
  await store.tag('demo', 'a-tag', { at: 'main~1' })
  await store.fork('demo', { at: 'main~1', branch: 'side' })
  await store.fork('other', { at: 'main~1', branch: 'elsewhere' })
  await store.addRemote('origin', bareRepository())
  await store.close()
})

test('the tables name every verb that takes a session', async () => {
  const tried = [...READING, ...CHANGING, ...WHOLE, 'view %']
  const verbs = [...(await run('--help')).stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb = '']) => verb)
  const helps = await Promise.all(
    verbs.map(async (verb) => [verb, (await run(verb, '--help')).stdout] as const),
  )
  const taking = helps.filter(([, help]) => /^Usage: .*[<[]session|^ +--(?:session|only) </m.test(help))
  expect(
    taking.map(([verb]) => verb).filter((verb) => !['import', 'clone', 'fork'].includes(verb)),
  ).toSatisfy((all: string[]) => all.every((verb) => tried.some((line) => line.startsWith(`${verb} `))))
  expect(taking.length).toBeGreaterThan(20)
})

describe('a checkpoint', () => {
  test.each(READING)('%s takes every name of it', async (line) => {
    const tip = await runLine(line, 'demo')
    const names = [
      'demo~1',
      'demo/main~1',
      'demo/a-tag',
      'demo/side',
      `demo/${older}`,
      `demo/${older.slice(0, 8)}`,
    ]
    const shown = await Promise.all(names.map((name) => runLine(line, name)))
    expect(shown.map(({ code }) => code)).toEqual(names.map(() => 0))
    for (const { stdout } of shown) expect(stdout).not.toBe(tip.stdout)
  })

  test.each(CHANGING)('%s takes every name of it', async (line) => {
    for (const [n, name] of ['demo~1', 'demo/a-tag', 'demo/side', `demo/${older.slice(0, 8)}`].entries()) {
      const { code, stdout } = await runLine(`${line.replace('#', `${n}`)} --json`, name)
      expect(code).toBe(0)
      const { from, checkpoint = from } = JSON.parse(stdout)
      if (checkpoint !== undefined) expect(from?.checkpoint ?? checkpoint).toBe(older)
    }
  })

  test.each([...READING, ...CHANGING, 'view --no-open %'])('%s says that it is not there', async (line) => {
    for (const revision of [
      'main~99',
      'main^5',
      'none',
      'none~1',
      'dead00',
      'elsewhere',
      'main~x',
      'main@{1}',
    ]) {
      const { code, stderr } = await runLine(line, `demo/${revision}`)
      expect([code, stderr]).toEqual([4, expect.stringContaining(`There is no revision '${revision}'`)])
    }
    const { code, stderr } = await runLine(line, 'demo~99')
    expect([code, stderr]).toEqual([4, expect.stringContaining("There is no revision '~99'")])
  })

  test.each(['main^5', 'none~1', 'main~x', 'main~-1', 'main@{1}', 'main:note', '~99999999999999999999'])(
    '%s is not there',
    async (revision) => {
      const { code, stderr } = await run('ref', `demo/${revision}`)
      expect([code, stderr]).toEqual([4, expect.stringContaining(`There is no revision '${revision}'`)])
    },
  )

  test('without its session is named with it', async () => {
    for (const text of ['main~1', 'HEAD', older, older.slice(0, 8)]) {
      const { code, stderr } = await run('show', text)
      expect([code, stderr]).toEqual([4, expect.stringContaining(`<session>/${text}\n`)])
    }
  })
})

describe('a verb of whole sessions', () => {
  test.each(WHOLE)('%s refuses a checkpoint', async (line) => {
    for (const place of ['demo~1', 'demo/main', 'demo/none', 'demo/a-tag', `demo/${older.slice(0, 8)}`]) {
      const { code, stdout, stderr } = await runLine(line, place)
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/\bdemo\n/)])
    }
  })

  test('says how a branch is deleted', async () => {
    expect((await run('delete', 'demo/side', '--yes')).stderr).toContain(
      '\nTo delete that branch: forkpoint delete demo --branch side\n',
    )
  })

  test('that draws turns refuses steps', async () => {
    expect(await run('log', 'demo', '--graph', '--steps')).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('a range', () => {
  const exported = async (range: string) => run('export', 'markdown', range)

  test('names turns after one checkpoint, up to another', async () => {
    const last = await exported('demo/main~1..main')
    expect(last).toMatchObject({ code: 0, stdout: expect.stringContaining('question 3') })
    expect(last.stdout).not.toContain('question 2')
    expect((await exported('demo/main~1..demo/main')).stdout).toBe(last.stdout)
    expect((await exported('demo~1..')).stdout).toBe(last.stdout)
  })

  test('is not seen in an id', async () => {
    expect((await exported('a..b')).stdout).toContain('question 1')
    expect((await exported('a..b~1')).stdout).not.toContain('question 3')
    expect((await exported('a..b~1..main')).stdout).not.toContain('question 2')
  })

  test('says which end is wrong', async () => {
    const ends = {
      'demo/main~99..main': "There is no revision 'main~99'",
      'demo/main~1..none': "There is no revision 'none'",
      'demo/main..side': "Checkpoint 'main' is not a turn before 'side'",
      'demo/main~1..other/main': "There is no revision 'other/main'",
      'none..main': "There is no session 'none..main'",
    }
    for (const [range, words] of Object.entries(ends))
      expect(await exported(range)).toMatchObject({ code: 4, stderr: expect.stringContaining(words) })
  })

  test('is refused where no verb takes one', async () => {
    for (const verb of ['log', 'show', 'diff']) {
      const { code, stderr } = await run(verb, 'demo/main~1..main')
      expect([code, stderr]).toEqual([4, expect.stringContaining("A range works in 'export html'")])
    }
  })
})

describe('a path', () => {
  test.each([...READING, ...CHANGING, ...WHOLE])('%s says that it is no session', async (line) => {
    for (const path of ['../x', 'demo/../demo'])
      expect(await runLine(line, path)).toMatchObject({ stdout: '', code: expect.toBeOneOf([2, 4]) })
  })

  test('that exists is said to be a file or a store', async () => {
    const file = join(cwd, 'project', 'note')
    expect((await run('log', file)).stderr).toContain(`'forkpoint import ${file}' imports what is in it.`)
    expect((await run('log', join(cwd, 'sessions'))).stderr).toContain(`--store ${join(cwd, 'sessions')}`)
  })

  test('that does not exist is no date', async () => {
    expect(await run('bundle', 'new.bundle', '--since', 'backup-1')).toMatchObject({ code: 2 })
    expect(await run('search', 'x', '--since', '7')).toMatchObject({ code: 2 })
  })
})
