/** Real tools run the hook at the end of a turn: it is in the store then, with the files of the project. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MAIN } from '../cli/command-line.ts'
import { runPrompt } from './support/answers.ts'
import { runTool } from './support/running.ts'
import { Work } from './support/work.ts'
import { CLIENTS } from './tools/index.ts'

const HOOKED = CLIENTS.filter(({ name }) => ['claude-code', 'codex', 'gemini-cli'].includes(name))

describe.each(HOOKED.map((client) => [client.name, client] as const))('The hook in %s', (name, client) => {
  test.skipIf(client.program === undefined)('keeps each turn and the files of the project', async () => {
    const work = await Work.begin(client)
    const { place } = work
    const forkpoint = (...args: string[]) =>
      runTool([process.execPath, MAIN, ...args, '--store', join(place.home, 'store')], place)
    await forkpoint('hook', 'install', name, '--files', '--yes')
    mkdirSync(join(place.cwd, 'src'))
    writeFileSync(join(place.cwd, 'src/kept.txt'), 'kept\n')
    await work.ask(runPrompt('echo made > made.txt'))

    const store = new GitSessionStore(join(place.home, 'store'))
    const state = await until(async () => {
      for await (const { id } of store.list()) {
        const found = await store.load(id)
        if (found?.messages.at(-1)?.role === 'assistant') return found
      }
      return undefined
    })
    expect(state.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
    const files = store.files(place.cwd)
    const kept = await files.list(state.id, 'HEAD')
    expect(kept.map(({ path }) => path)).toEqual(['made.txt', 'src/kept.txt'])

    await forkpoint('hook', 'remove', name, '--yes')
    await work.ask('And then?')
    expect((await store.load(state.id))?.messages).toHaveLength(4)
  })
})

/** Codex does not wait for what it tells. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 100; tries++) {
    const found = await ask().catch(() => undefined)
    if (found !== undefined) return found
    await sleep(100)
  }
  throw new Error('The hook has not imported the turn.')
}
