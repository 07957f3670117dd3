/** The page while others save, and what it changes itself. */
import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newMessage, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { Viewer } from '../../src/viewer/server.ts'
import { noBrowser, openBrowser, watchedPage } from './support/browser.ts'
import { storeFolder, view } from './support/sessions.ts'

describe.skipIf(noBrowser !== undefined)('the page on a store that is in use', () => {
  let store: GitSessionStore
  let viewer: Viewer
  let browser: BrowserContext

  beforeAll(async () => {
    const folder = await storeFolder()
    store = new GitSessionStore(folder)
    afterAll(() => store.close())
    await store.save(newSession('work', { title: 'At work', messages: [newMessage('user', 'Begin')] }))
    viewer = await view(folder, { writable: true })
    browser = await openBrowser()
  })

  test('shows what others save, as they do', async () => {
    const { page, problems } = await watchedPage(browser, viewer.address)
    await page.goto(`${viewer.address}#/s/work`)
    await page.waitForSelector('.message')
    await store.append('work', { messages: [newMessage('assistant', 'Here is an answer')] })
    await page.getByText('Here is an answer').first().waitFor()
    await page.goto(`http://127.0.0.1:${viewer.port}/#/`)
    await page.waitForSelector('.session-link')
    await store.save(newSession('next', { title: 'Another one' }))
    await page.getByText('Another one').waitFor()
    expect(problems).toEqual([])
    await page.close()
  })

  test('forks, tags and switches where it was allowed to', async () => {
    const { page, problems } = await watchedPage(browser, viewer.address)
    await page.goto(`${viewer.address}#/s/work`)
    await page.getByRole('button', { name: 'tag' }).first().click()
    await page.getByLabel('Name of the tag').fill('first')
    await page.keyboard.press('Enter')
    await page.locator('.chip.tag', { hasText: 'first' }).waitFor()
    await page.getByRole('button', { name: 'fork' }).first().click()
    await page.getByLabel('Name of the branch').fill('other')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Make active' }).click()
    await page.getByText('other (active)').first().waitFor({ state: 'attached' })
    expect((await store.branches('work')).map(({ name, active }) => [name, active])).toEqual([
      ['main', false],
      ['other', true],
    ])
    expect((await store.tags('work')).map(({ name }) => name)).toEqual(['first'])
    expect(problems).toEqual([])
    await page.close()
  })
})
