/** A session made of attacks, as git shows it: text in messages, trailers and pages, and equal to what was saved. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newMessage, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { git, gitText } from '../git/real-git.ts'
import { ATTACKS, ATTACKS_ON_GIT, attackSession } from './support/attacks.ts'
import { storeFolder } from './support/sessions.ts'

const TEXTS = [...ATTACKS, ...ATTACKS_ON_GIT]

let folder: string
let store: GitSessionStore

beforeAll(async () => {
  folder = await storeFolder()
  await attackSession(folder, { isHuge: false, texts: TEXTS })
  store = new GitSessionStore(folder)
  const messages = TEXTS.map((text) =>
    newMessage('user', 'x', { id: `id ${text}`, source: { [text]: text } }),
  )
  await store.append('attack', { messages }, { key: TEXTS[0]!, body: TEXTS.join('\n') })
})

afterAll(() => store.close())

/** What a terminal obeys or a reader misreads; git's own output has only tabs and line feeds. */
const HIDDEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

const run = (...words: string[]): string => git(folder, words).toString()

describe('A session with attacks in every field', () => {
  test('comes back equal', async () => {
    const { messages, runs } = (await store.load('attack'))!
    const last = messages.slice(-TEXTS.length)
    expect(last.map(({ id }) => id)).toEqual(TEXTS.map((text) => `id ${text}`))
    const said = messages.slice(0, -TEXTS.length).map(({ content }) => content)
    expect(said.filter((text) => text !== '')).toEqual(TEXTS.flatMap((text) => [text, text]))
    const texts = new Set(JSON.stringify([messages, runs]).match(/"(?:[^"\\]|\\.)*"/g))
    for (const text of TEXTS) expect(texts.has(JSON.stringify(text))).toBe(true)
    expect(runs[0]?.events.map(({ text }) => text)).toEqual(TEXTS)
    const copy = newSession('copy', { messages, runs })
    await store.save(copy)
    expect(await store.load('copy')).toMatchObject({ messages, runs })
  })

  test('is healthy to git and to verify', async () => {
    git(folder, ['fsck', '--strict'])
    expect(await store.verify()).toMatchObject({ ok: true, problems: [] })
  })

  test('has in the log of git no character that a terminal obeys or a reader misreads', () => {
    const log = run('log', '--first-parent', '-p', 'attack/main', '--', '*.md')
    expect(log.length).toBeGreaterThan(10_000)
    expect(HIDDEN.exec(log)).toBeNull()
    expect(HIDDEN.exec(run('log', '--format=raw', 'attack/main'))).toBeNull()
    expect(
      HIDDEN.exec(run('ls-tree', '-r', '-z', '--name-only', 'attack/main').replaceAll('\0', '')),
    ).toBeNull()
  })

  test('has only trailers of forkpoint’s, and each once', async () => {
    for (const id of gitText(folder, ['rev-list', 'attack/main']).split('\n')) {
      const trailers = gitText(folder, ['log', '-1', '--format=%(trailers:only,unfold)', id]).split('\n')
      const names = trailers.flatMap((line) => /^(\S+?):/.exec(line)?.[1] ?? [])
      expect(new Set(names).size).toBe(names.length)
      for (const name of names) expect(name).toMatch(/^Forkpoint-/)
      expect(gitText(folder, ['log', '-1', '--format=%(trailers:key=Forkpoint-Session,valueonly)', id])).toBe(
        'attack',
      )
    }
    const turns: unknown[] = []
    for await (const { seq, kind, session } of store.log('attack')) turns.push([seq, kind, session])
    expect(turns).toEqual([3, 2, 1].map((seq) => [seq, 'save', 'attack']))
  })

  test('has each line of what was said as it was, where it has no such character', () => {
    const log = new Set(
      run('log', '--first-parent', '-p', 'attack/main', '--', '*.md')
        .split('\n')
        .filter((line) => line.startsWith('+'))
        .flatMap((line) => [line.slice(1), line.slice(3)]),
    )
    for (const text of TEXTS) {
      const isPlain = !HIDDEN.test(text)
      for (const line of text.split(/\r?\n/))
        if (isPlain && line !== '') expect(log.has(line), line.slice(0, 80)).toBe(true)
    }
  })
})
