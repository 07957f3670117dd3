/** A session made of attacks does nothing in the page, in an export, and to another page of the same browser. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Viewer } from '../../src/viewer/server.ts'
import { forkpointHere } from '../cli/command-line.ts'
import { attackSession } from './support/attacks.ts'
import { noBrowser, openBrowser, type Watched, watchedPage } from './support/browser.ts'
import { storeFolder, view } from './support/sessions.ts'

/** What must not be on a page, whatever stands in a session. */
const harmOn = (page: Page) =>
  page.evaluate(() => ({
    pwned: 'pwned' in window,
    scripts: document.querySelectorAll('script:not([type="application/json"])').length,
    frames: document.querySelectorAll('iframe, object, embed, base, link, form[action]').length,
    handlers: [...document.querySelectorAll('*')].flatMap((element) =>
      element.getAttributeNames().filter((name) => name.startsWith('on')),
    ),
    links: [...document.querySelectorAll('a')]
      .map((link) => link.href)
      .filter((href) => !/^(?:https?|mailto|file):/.test(href)),
    images: [...document.querySelectorAll('img')]
      .map((image) => image.src)
      .filter((source) => !/\/api\/file|^data:image\/(?:png|jpeg|gif|webp)/.test(source)),
    bidi: /[\u202a-\u202e\u2066-\u2069\u200b]/.test(document.querySelector('#app')?.textContent ?? ''),
  }))
const NO_HARM = { pwned: false, scripts: 1, frames: 0, handlers: [], links: [], images: [], bidi: false }

async function unfoldAll({ page }: Watched): Promise<void> {
  for (let n = 0; n < 3; n++) {
    await page.keyboard.press('o')
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    )
  }
}

describe.skipIf(noBrowser !== undefined)('attacks', () => {
  let folder: string
  let viewer: Viewer
  let browser: BrowserContext

  beforeAll(async () => {
    folder = await storeFolder()
    await attackSession(folder)
    viewer = await view(folder)
    browser = await openBrowser({ flags: ['--host-resolver-rules=MAP evil.test 127.0.0.1'] })
  })

  test.each([
    ['#/', '.session-link'],
    ['#/s/attack', '.message'],
    ['#/s/attack/branches', '.tree-link'],
    ['#/s/attack/run/r%3Cscript%3Epwned%3D1%3C%2Fscript%3E', '.player'],
    ['#/compare/attack/main~1/attack/main', '.totals'],
    ['#/s/%3Cscript%3Epwned=1%3C%2Fscript%3E', '.problem'],
  ])('in a session do nothing at %s', async (hash, element) => {
    const watched = await watchedPage(browser, `http://127.0.0.1:${viewer.port}`)
    const { page, problems, elsewhere } = watched
    await page.goto(viewer.address + hash)
    await page.waitForSelector(element)
    await unfoldAll(watched)
    expect(await harmOn(page)).toEqual(NO_HARM)
    expect(elsewhere).toEqual([])
    expect(problems.filter((problem) => !problem.includes('404'))).toEqual([])
    await page.close()
  })

  test('in a session do nothing in a page that was exported', async () => {
    const file = join(dirname(folder), 'attack.html')
    const { code, stderr } = await forkpointHere(
      ['export', 'html', 'attack', '-o', file, '--store', folder],
      { cwd: dirname(folder) },
    )
    expect([code, stderr]).toEqual([0, ''])
    const watched = await watchedPage(browser, 'file:')
    await watched.page.goto(`file://${file}`)
    await watched.page.waitForSelector('.message')
    await unfoldAll(watched)
    expect(await harmOn(watched.page)).toEqual(NO_HARM)
    expect(watched.elsewhere).toEqual([])
    expect(watched.problems).toEqual([])
    await watched.page.close()
  })

  test('of another page in the same browser get nothing', async () => {
    const other = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<p>hello</p>'),
    )
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    afterAll(() => other.close())
    const own = await browser.newPage()
    await own.goto(viewer.address)
    await own.waitForSelector('.session-link')
    const page = await browser.newPage()
    const base = `http://127.0.0.1:${viewer.port}`
    for (const host of ['127.0.0.1', 'evil.test']) {
      await page.goto(`http://${host}:${(other.address() as AddressInfo).port}/`)
      const got = await page.evaluate(async (address) => {
        const asked = [
          fetch(`${address}/api/sessions`, { credentials: 'include' }).then((answer) => answer.text()),
          fetch(`${address}/api/sessions`, { credentials: 'include', mode: 'no-cors' }).then((answer) =>
            answer.text(),
          ),
          fetch(`${address}/api/tag`, { method: 'POST', credentials: 'include', body: '{}' }).then((answer) =>
            answer.text(),
          ),
          new Promise((resolve) => {
            const script = document.createElement('script')
            script.onerror = () => resolve('')
            script.onload = () => resolve('loaded')
            script.src = `${address}/api/sessions`
            document.head.append(script)
          }),
          new Promise((resolve) => {
            const source = new EventSource(`${address}/api/changes`, { withCredentials: true })
            source.onerror = () => resolve('')
            source.onmessage = () => resolve('told')
          }),
        ]
        return (await Promise.allSettled(asked)).map((one) => (one.status === 'fulfilled' ? one.value : ''))
      }, base)
      expect(got).toEqual(['', '', '', '', ''])
    }
    await page.goto(`http://evil.test:${viewer.port}/`)
    expect(await page.textContent('body')).toBe('This name is not the page.\n')
    await page.close()
    await own.close()
  })
})
