// @ts-check
/**
 * How fast the local page shows a long session: `node bench/page.mjs [messages] [turns]`. Makes a session (default 10,000
 * messages in 500 turns), serves it with `forkpoint view`, opens it in Chromium, and prints the time until its first message is
 * visible (in a new process of the server, then again) and the longest time in which the page did not react while it was
 * scrolled to its end. Run `npm run build` before. Needs /usr/bin/chromium.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { GitSessionStore, newMessage, newSession } from '../dist/index.js'

const [messages = '10000', turns = '500'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'forkpoint-page-'))
const store = join(folder, 'sessions')
const main = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js')
try {
  await make(Number(messages), Number(turns))
  const server = spawn(process.execPath, [main, 'view', '--no-open', '--store', store])
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const address = await addressOf(server)
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } })
    for (const what of ['cold', 'again', 'again']) {
      const start = performance.now()
      await page.goto('about:blank')
      await page.goto(`${address}#/s/big`)
      await page.waitForSelector('.message')
      console.log(`${what}: first message visible after ${Math.round(performance.now() - start)} ms`)
    }
    await page.evaluate(watchTasks)
    const start = performance.now()
    for (let n = 0; n < 60; n++) {
      await page.mouse.wheel(0, 3000)
      await page.waitForTimeout(30)
    }
    await page.keyboard.press('G')
    await page.waitForSelector(`#m${Number(messages) - 1}`)
    const tasks = /** @type {number[]} */ (await page.evaluate('window.longTasks'))
    const longest = Math.round(Math.max(0, ...tasks))
    console.log(
      `scrolled for ${Math.round(performance.now() - start)} ms: ${tasks.length} tasks over 50 ms, the longest ${longest} ms`,
    )
  } finally {
    await browser.close()
    await new Promise((resolve) => {
      server.once('exit', resolve)
      server.kill('SIGINT')
    })
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Runs in the page. */
function watchTasks() {
  /** @type {number[]} */
  const tasks = []
  Object.assign(globalThis, { longTasks: tasks })
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration)
  }).observe({ type: 'longtask' })
}

/** @param {import('node:child_process').ChildProcessWithoutNullStreams} server @returns {Promise<string>} */
async function addressOf(server) {
  for await (const line of createInterface({ input: server.stdout })) {
    const address = /http:\/\/127\.0\.0\.1\S*/.exec(line)?.[0]
    if (address !== undefined) return address
  }
  throw new Error('The server printed no address.')
}

/** @param {number} count @param {number} turns */
async function make(count, turns) {
  const sessions = new GitSessionStore(store)
  const text = 'Some **words** that say what happened, and `code`.\n\n- a list\n- of things\n\n'
  await sessions.save(newSession('big', { title: 'A big one' }))
  const handle = await sessions.open('big')
  const size = Math.ceil(count / turns)
  for (let from = 0; from < count; from += size) {
    const some = Array.from({ length: Math.min(size, count - from) }, (_, n) => {
      const index = from + n
      const role = index % 2 === 0 ? 'user' : 'assistant'
      return newMessage(role, `Message ${index}. ${text.repeat(1 + (index % 4))}`, { id: `m${index}` })
    })
    await handle.append({ messages: some })
  }
  await sessions.close()
}
