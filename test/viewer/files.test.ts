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
const TOKEN = `ghp_${'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2'}`
const KEY_LINE = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj'
const PEM = ['-----BEGIN RSA PRIVATE KEY-----', KEY_LINE, KEY_LINE, '-----END RSA PRIVATE KEY-----', ''].join(
  '\n',
)
const HOSTILE = '<img src=x onerror=pwned=1>'

beforeAll(async () => {
  folder = await storeFolder()
  const workspace = join(dirname(folder), 'project')
  mkdirSync(workspace)
  const store = new GitSessionStore(folder)
  const files = store.files(workspace, { include: ['.env'] })
  writeFileSync(join(workspace, 'main.ts'), 'export const a = 1\n')
  writeFileSync(join(workspace, 'old.ts'), 'gone soon\n')
  const state = newSession('code', { model: 'm', workspace, messages: [newMessage('user', 'Begin')] })
  await store.save(state, { files })
  writeFileSync(join(workspace, 'main.ts'), 'export const a = 2\n')
  writeFileSync(join(workspace, 'config.ts'), `export const token = '${TOKEN}'\n${PEM}`)
  writeFileSync(join(workspace, '.env'), `PASSWORD=hunter2\n`)
  writeFileSync(join(workspace, 'bytes.bin'), Buffer.from([0, 255, 0, 1, 2]))
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
  const all = ['.env', HOSTILE, 'bytes.bin', 'config.ts']
  expect([added, changed, deleted]).toEqual([all, ['main.ts'], ['old.ts']])
  expect(editsOfGitPatch(patch).map(({ path }) => path)).toEqual([...all, 'main.ts', 'old.ts'])
  expect(editsOfGitPatch(patch)[4]!.patch).toContain('-export const a = 1\n+export const a = 2')
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

test('An exported page has the changes of the turns, without secrets and without files such as .env', async () => {
  const exported = async (...options: string[]) => {
    const { stdout, code } = await forkpointHere(['export', 'html', 'code', '--store', folder, ...options], {
      cwd: dirname(folder),
    })
    expect(code).toBe(0)
    return stdout
  }
  const html = await exported()
  expect(html).toContain('-export const a = 1\\n+export const a = 2')
  expect(html).toMatch(/export const token = '\[redacted:/)
  for (const secret of [TOKEN, KEY_LINE, 'hunter2', '.env']) expect(data(html)).not.toContain(secret)
  const whole = await exported('--no-redact')
  expect(data(whole)).toContain(TOKEN)
  expect(data(whole)).not.toContain('hunter2')
})

/** What an exported page holds. */
const data = (html: string): string =>
  /<script type="application\/json" id="exported">(.*?)<\/script>/s.exec(html)?.[1] ?? ''

describe.skipIf(noBrowser !== undefined)('In the page', () => {
  test('a turn has its changes as diffs, below its head', async () => {
    const viewer = await view(folder)
    const browser = await openBrowser()
    const { page, problems, elsewhere } = await watchedPage(browser, `http://127.0.0.1:${viewer.port}`)
    await page.goto(`${viewer.address}#/s/code`)
    const changes = page.locator('.code-changes').last()
    await changes.getByText('6 files changed').click()
    await changes.locator('.edit .path', { hasText: 'main.ts' }).waitFor()
    expect(await changes.locator('.line.added').nth(1).textContent()).toContain('onerror')
    expect(await page.evaluate(() => document.querySelectorAll('img').length)).toBe(0)
    expect(await violations(page)).toEqual([])
    expect([...problems, ...elsewhere]).toEqual([])
    await page.close()
  })

  test('an exported page has them too, without a server', async () => {
    const file = join(dirname(folder), 'code.html')
    await forkpointHere(['export', 'html', 'code', '-o', file, '--store', folder], { cwd: dirname(folder) })
    const browser = await openBrowser()
    const { page, problems, elsewhere } = await watchedPage(browser, 'file:')
    await page.goto(`file://${file}`)
    const changes = page.locator('.code-changes').last()
    await changes.getByText('5 files changed').click()
    await changes.locator('.edit .path', { hasText: 'main.ts' }).waitFor()
    expect(await changes.textContent()).toContain('[redacted:')
    expect(await page.evaluate(() => document.querySelectorAll('img').length)).toBe(0)
    expect(await violations(page)).toEqual([])
    expect([...problems, ...elsewhere]).toEqual([])
    await page.close()
  })
})
