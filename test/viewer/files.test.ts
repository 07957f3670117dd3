/** What a turn changed in the files, beside its conversation; what it cost. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Stores } from '../../src/cli/stores.ts'
import { newMessage, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { editsOfGitPatch } from '../../src/view/edit.ts'
import { changedFiles } from '../../src/viewer/answers/file-changes.ts'
import { sessionView } from '../../src/viewer/answers/session-view.ts'
import { Source } from '../../src/viewer/answers/source.ts'
import { forkpointHere } from '../cli/command-line.ts'
import { noBrowser, openBrowser, violations, watchedPage } from './support/browser.ts'
import { storeFolder, view } from './support/sessions.ts'

let folder: string
const HOSTILE = '<img src=x onerror=pwned=1>'

beforeAll(async () => {
  folder = await storeFolder()
  const workspace = join(dirname(folder), 'project')
  mkdirSync(workspace)
  const store = new GitSessionStore(folder)
  const files = store.files(workspace)
  writeFileSync(join(workspace, 'main.ts'), 'export const a = 1\n')
  writeFileSync(join(workspace, 'old.ts'), 'gone soon\n')
  const state = newSession('code', { model: 'm', workspace, messages: [newMessage('user', 'Begin')] })
  await store.save(state, { files })
  writeFileSync(join(workspace, 'main.ts'), 'export const a = 2\n')
  writeFileSync(join(workspace, HOSTILE.replaceAll('/', '')), `${HOSTILE}\n`)
  rmSync(join(workspace, 'old.ts'))
  const usage = { inputTokens: 1_000_000, outputTokens: 100_000, cachedInputTokens: 400_000 }
  await store.append('code', { messages: [newMessage('assistant', 'Done', { usage })] }, { files })
  await store.close()
})

test('show has the files of a turn, and its patch where it is asked for', async () => {
  const run = (...args: string[]) => forkpointHere([...args, '--store', folder], { cwd: dirname(folder) })
  const { stdout } = await run('show', 'code')
  expect(stdout).toMatch(/^M main\.ts$/m)
  expect(stdout).toMatch(/^D old\.ts$/m)
  const patch = await run('show', 'code', '--patch')
  expect(patch.stdout).toMatch(/-export const a = 1\n\+export const a = 2/)
  expect(JSON.parse((await run('show', 'code', '--patch', '--json')).stdout).patch).toContain(
    '+export const a = 2',
  )
  expect((await run('log', 'code', '--stat', '-n', '1')).stdout).toMatch(/^ {4}M main\.ts$/m)
})

test('The patch of git is read file by file', async () => {
  const stores = new Stores(folder)
  const {
    added,
    changed,
    deleted,
    patch = '',
  } = await changedFiles(stores.existing, 'code', 'main', { patch: true })
  expect([added, changed, deleted]).toEqual([[HOSTILE], ['main.ts'], ['old.ts']])
  expect(editsOfGitPatch(patch).map(({ path }) => path)).toEqual([HOSTILE, 'main.ts', 'old.ts'])
  expect(editsOfGitPatch(patch)[1]!.patch).toContain('-export const a = 1\n+export const a = 2')
  await stores.close()
})

test('A turn has its cost by the prices of its model', async () => {
  const stores = new Stores(folder)
  const prices = { m: { input: 3, output: 15, cached: 0.3 } }
  const source = new Source({ store: stores.existing, storeOf: (id) => stores.ofTypeOf(id), prices })
  const { turns, files } = await sessionView(source, 'code', {})
  expect(turns.map(({ cost }) => cost)).toEqual([undefined, 0.6 * 3 + 0.4 * 0.3 + 0.1 * 15])
  expect(files).toBe(true)
  await stores.close()
})

describe.skipIf(noBrowser !== undefined)('In the page', () => {
  test('a turn has its changes as diffs, below its head', async () => {
    const viewer = await view(folder)
    const browser = await openBrowser()
    const { page, problems, elsewhere } = await watchedPage(browser, `http://127.0.0.1:${viewer.port}`)
    await page.goto(`${viewer.address}#/s/code`)
    const changes = page.locator('.code-changes').last()
    await changes.getByText('3 files changed').click()
    await changes.locator('.edit .path', { hasText: 'main.ts' }).waitFor()
    expect(await changes.locator('.line.added').first().textContent()).toContain('onerror')
    expect(await page.evaluate(() => document.querySelectorAll('img').length)).toBe(0)
    expect(await violations(page)).toEqual([])
    expect([...problems, ...elsewhere]).toEqual([])
    await page.close()
  })
})
