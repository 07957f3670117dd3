/** A session made of attacks does nothing in the page, in an export, and to another page of the same browser. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newMessage, newRun, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { Viewer } from '../../src/viewer/server.ts'
import { forkpointHere } from '../cli/command-line.ts'
import { noBrowser, openBrowser, type Watched, watchedPage } from './support/browser.ts'
import { storeFolder, view } from './support/sessions.ts'

const SVG = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" onload="pwned=1"><script>pwned=1</script></svg>',
).toString('base64')
const ATTACKS = [
  '<script>window.pwned=1</script>',
  '</script></style></pre></textarea><script>window.pwned=1</script><!--',
  '<img src=x onerror="window.pwned=1"><svg onload="window.pwned=1"><iframe srcdoc="<script>parent.pwned=1</script>">',
  '[a link](javascript:window.pwned=1) <javascript:window.pwned=1> [b]( "x" onmouseover="pwned=1") [c](data:text/html,<script>pwned=1</script>)',
  '[d]: javascript:window.pwned=1\n\n[d] ![e](https://evil.test/pixel.png) ![f](javascript:pwned=1) <https://evil.test/a?b=c>',
  `![g](data:image/svg+xml;base64,${SVG})`,
  '```html\n<script>pwned=1</script>\n```\n````\n~~~\n<!-- ',
  '\u001b]0;owned\u0007\u001b[2J\u202egnp.exe\u2066\u200b\u0000\u009b31m',
  '{{constructor.constructor("pwned=1")()}} ${pwned=1} javascript:pwned=1',
  '> '.repeat(3000),
  '['.repeat(5000) + '*'.repeat(5000) + '_'.repeat(5000),
  '| a '.repeat(400) + '\n' + '|-'.repeat(400),
]

async function attackSession(folder: string): Promise<void> {
  const store = new GitSessionStore(folder)
  const all = ATTACKS.join('\n\n')
  const messages = ATTACKS.flatMap((attack, index) => [
    newMessage('user', attack, { id: `u${index}` }),
    newMessage('assistant', attack, {
      id: `a${index}`,
      model: attack,
      parts: [
        { type: 'text', text: attack },
        { type: 'reasoning', text: attack },
        { type: attack, text: attack },
        {
          type: 'tool-call',
          toolCallId: attack,
          toolName: attack,
          input: { [attack]: attack, file_path: attack, old_string: attack, new_string: `${attack}x` },
        },
        { type: 'file', mediaType: 'image/svg+xml', data: SVG, filename: attack },
        { type: 'file', mediaType: attack, data: `data:image/svg+xml;base64,${SVG}`, filename: attack },
        { type: 'image', image: 'javascript:pwned=1' },
        { type: 'image', image: 'https://evil.test/pixel.png' },
        { type: 'image', image: 'data:text/html,<script>pwned=1</script>' },
      ],
    }),
    newMessage('tool', '', {
      id: `t${index}`,
      parts: [
        {
          type: 'tool-result',
          toolCallId: attack,
          toolName: attack,
          output: { type: 'error-text', value: attack },
        },
      ],
    }),
  ])
  messages.push(
    newMessage('assistant', 'x'.repeat(1_000_000), { id: 'line' }),
    newMessage('tool', '', {
      id: 'huge',
      parts: [
        {
          type: 'tool-result',
          toolCallId: 'h',
          toolName: 'cat',
          output: { type: 'text', value: 'y\n'.repeat(20_000_000) },
        },
      ],
    }),
  )
  const run = newRun(all, {
    id: 'r<script>pwned=1</script>',
    status: ATTACKS[0]!,
    events: ATTACKS.map((text, sequence) => ({
      sequence,
      at: new Date().toISOString(),
      type: 'text',
      text,
      tool: text,
    })),
  })
  const state = newSession('attack', {
    title: ATTACKS[2]!,
    status: ATTACKS[0]!,
    model: ATTACKS[1]!,
    workspace: all,
    messages,
    runs: [run],
  })
  await store.save(state, { subject: ATTACKS[2]!, body: all })
  await store.append(
    'attack',
    { set: { title: `${ATTACKS[1]} again` } },
    { subject: ATTACKS[3]!.slice(0, 200) },
  )
  await store.close()
}

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
