/** Every view of the local page in a real browser, on sessions of every kind. */
import type { BrowserContext } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Viewer } from '../../src/viewer/server.ts'
import { noBrowser, openBrowser, violations, watchedPage } from './support/browser.ts'
import {
  bigSession,
  frameworkSessions,
  hasLong,
  importSessions,
  storeFolder,
  view,
} from './support/sessions.ts'

let viewer: Viewer
let browser: BrowserContext

const origin = () => `http://127.0.0.1:${viewer.port}`

/** Opens an address inside of the page, waits for what is to be there, and gives back what is wrong. */
async function opened(context: BrowserContext, hash: string, element: string) {
  const watched = await watchedPage(context, origin())
  await watched.page.goto(`${viewer.address}${hash}`)
  await watched.page.waitForSelector(element)
  return watched
}

describe.skipIf(noBrowser !== undefined)('in a browser', () => {
  beforeAll(async () => {
    const folder = await storeFolder()
    await importSessions(folder)
    await frameworkSessions(folder)
    await bigSession(folder, 10_000)
    viewer = await view(folder)
    browser = await openBrowser()
  })

  const VIEWS: readonly (readonly [hash: string, element: string, text: string])[] = [
    ['#/', '.session-link', 'Newlines inside quotes'],
    ['#/s/demo', '.message', 'how the CSV parser works'],
    ['#/s/demo/c/main~3', '.turn.current', 'main'],
    ['#/s/demo/at/main~3', '.note', 'Show what came after'],
    ['#/s/demo/branches', '.dot', 'second-try'],
    ['#/compare/demo/main~9/demo/second-try', '.difference', 'messages added'],
    ['#/s/demo/run/line-28', '.player', 'Now fix it'],
    ['#/s/thread', '.message', 'At ten past two'],
    ['#/s/thread/branches', '.dot', 'main'],
    ['#/s/trip', '.message', 'rain in'],
    ['#/s/trip/branches', '.dot', 'main'],
    ['#/s/chat', '.picture', 'Here it is'],
    ['#/s/chat/branches', '.dot', 'main'],
    ['#/s/big', '.message', '10,000 messages'],
    ...(hasLong
      ? ([
          ['#/s/long', '.message', 'git-sync'],
          ['#/s/long/branches', '.dot', 'main'],
          ['#/compare/long/main~2/long/main', '.difference', 'added'],
        ] as const)
      : []),
  ]

  test.each(VIEWS)('%s shows itself, asks nobody else and keeps nobody out', async (hash, element, text) => {
    const { page, problems, elsewhere } = await opened(browser, hash, element)
    expect(await page.locator('#app').textContent()).toContain(text)
    expect(await violations(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 390, height: 800 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThan(1)
    expect(await violations(page)).toEqual([])
    expect(problems).toEqual([])
    expect(elsewhere).toEqual([])
    await page.close()
  })

  test('tool calls unfold with their results, and edits are diffs', async () => {
    const { page } = await opened(browser, '#/s/demo', '.call')
    const call = page.locator('.call', { hasText: 'Glob' }).first()
    expect(await call.getAttribute('open')).toBeNull()
    await call.locator('summary').click()
    await call.locator('.value.result').waitFor()
    expect(await call.textContent()).toContain('src/parse.ts')
    await page.goto(`${origin()}/#/s/demo/c/main~9`)
    await page.locator('.diff .line.added').first().waitFor()
    await page.close()
  })

  test('everything can be reached with the keyboard', async () => {
    const { page } = await opened(browser, '#/', '.session-link')
    await page.keyboard.press('/')
    await page.keyboard.type('newlines')
    await page.waitForFunction(() => document.querySelectorAll('.session-link').length === 1)
    await page.keyboard.press('Escape')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.message')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.waitForFunction(() => document.querySelector('.turn.current')?.textContent?.startsWith('3.'))
    await page.keyboard.press('r')
    await page.waitForSelector('.player')
    await page.keyboard.press('Home')
    await page.waitForFunction(() => document.querySelectorAll('.heard .message').length === 0)
    await page.keyboard.press('ArrowRight')
    await page.waitForFunction(() => document.querySelectorAll('.heard .message').length === 1)
    await page.keyboard.press('+')
    await page.keyboard.press('+')
    await page.keyboard.press(' ')
    await page.waitForFunction(
      () => document.querySelector('.step.current')?.parentElement?.nextElementSibling === null,
    )
    await page.goto(`${origin()}/#/s/demo/branches`)
    await page.waitForSelector('.tree-link')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.waitForFunction(() => document.querySelectorAll('.tree-row.marked').length === 2)
    await page.keyboard.press('c')
    await page.waitForSelector('.compare-page .totals')
    await page.keyboard.press('?')
    expect(await page.locator('dialog').textContent()).toContain('swap both sides')
    await page.keyboard.press('Escape')
    await page.keyboard.press('h')
    await page.waitForSelector('.sessions')
    await page.close()
  })

  test('a search finds what is far away, and goes there', async () => {
    const { page } = await opened(browser, '#/s/big', '.message')
    await page.keyboard.press('/')
    await page.keyboard.type('message 7777.')
    await page.locator('.hits a').first().click()
    await page.waitForFunction(() => document.activeElement?.id === 'm7777')
    const top = await page.evaluate(() => document.getElementById('m7777')!.getBoundingClientRect().top)
    expect(top).toBeGreaterThan(0)
    expect(top).toBeLessThan(400)
    await page.close()
  })

  test('a session of 10,000 messages keeps the page small while it is scrolled to its end', async () => {
    const { page } = await opened(browser, '#/s/big', '.message')
    await page.keyboard.press('G')
    await page.waitForSelector('#m9999')
    expect(await page.locator('.message').count()).toBeLessThan(400)
    expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(8000)
    await page.close()
  })

  test('links lead to a message, also after the page was loaded again; to a result where its call is', async () => {
    const { page } = await opened(browser, '#/s/demo/c/main/m/15', '#m15')
    await page.waitForFunction(() => document.activeElement?.id === 'm15')
    await page.reload()
    await page.waitForFunction(() => document.activeElement?.id === 'm15')
    await page.goto(`${origin()}/#/s/demo/c/main/m/40`)
    await page.waitForFunction(() => document.activeElement?.closest('details')?.open)
    await page.close()
  })
})
