// @ts-check
/**
 * npm run pictures: makes docs/pictures/*.png, the local page as it shows the session of the demo. It needs Debian's
 * Chromium, and makes the files smaller where there is a pngquant.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { buildIfStale, ROOT } from './build.mjs'

const CLI = join(ROOT, 'dist', 'cli', 'main.js')
const FOLDER = join(ROOT, 'docs', 'pictures')
const STORE = 'sessions'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-sync',
]

/** @typedef {{ name: string, hash: string, wait: string, dark?: boolean, keys?: string[], height?: number }} Picture */

/** @type {Picture[]} */
const PICTURES = [
  { name: 'conversation', hash: '#/s/demo/c/main~10', wait: '.diff .line', height: 820 },
  { name: 'branches', hash: '#/s/demo/branches', wait: '.tree-link', height: 640 },
  { name: 'compare', hash: '#/compare/demo/second-try~1/demo/second-try', wait: 'ins', height: 420 },
  { name: 'replay', hash: '#/s/demo/run/line-28', wait: '.heard .diff', dark: true, height: 640 },
]

const folder = mkdtempSync(join(tmpdir(), 'forkpoint-pictures-'))
try {
  buildIfStale()
  await makeStore()
  await takePictures()
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** The demo's session, with a branch on which a message was said better. */
async function makeStore() {
  const session = join(ROOT, 'fixtures', 'claude-code', 'demo-session.jsonl')
  const args = [CLI, 'import', 'claude-code', session, '--session', 'demo', '--store', STORE]
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const { GitSessionStore, newMessage } = await import('../dist/index.js')
  const store = new GitSessionStore(join(folder, STORE))
  const now = Date.parse('2025-11-03T09:41:00Z')
  await store.fork('demo', { at: 'main~7', branch: 'second-try' })
  const handle = await store.open('demo', { branch: 'second-try' })
  const question = newMessage('user', 'Wait. What do we know so far?', { id: 'question' }, now)
  const text =
    'Newlines inside quotes work now, and it is fast enough. What is left is to read the file in pieces.'
  const answer = newMessage('assistant', text, { id: 'answer' }, now + 8000)
  await handle.append({ messages: [question, answer] }, { at: now + 9000 })
  const better = text
    .replace('fast enough', '40 % faster than before')
    .replace('What is left is', 'Next I want')
  await handle.append(
    { messages: [{ ...answer, content: better }] },
    { at: now + 60_000, subject: 'Say it better' },
  )
  await store.tag('demo', 'tests-green', { at: 'main~9' })
  await store.close()
}

async function takePictures() {
  const server = spawn(process.execPath, [CLI, 'view', '--no-open', '--json', '--store', STORE], {
    cwd: folder,
    env: { ...process.env, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const address = await new Promise((resolve, reject) => {
      let said = ''
      server.once('exit', () => reject(new Error('The page ended before it began.')))
      server.stdout.on('data', (piece) => {
        said += piece
        if (said.includes('}')) resolve(JSON.parse(said).address)
      })
    })
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })
    for (const picture of PICTURES) await takePicture(browser, String(address), picture)
    await browser.close()
  } finally {
    server.kill()
  }
}

/** @param {import('playwright-core').Browser} browser @param {string} address @param {Picture} picture */
async function takePicture(browser, address, { name, hash, wait, dark = false, height = 800 }) {
  const context = await browser.newContext({
    viewport: { width: 1200, height },
    colorScheme: dark ? 'dark' : 'light',
    timezoneId: 'UTC',
    deviceScaleFactor: 1.5,
  })
  const page = await context.newPage()
  await page.goto(address + hash)
  await page.waitForSelector(wait)
  // What was far is drawn, and the page stands still.
  await page.waitForTimeout(500)
  const path = join(FOLDER, `${name}.png`)
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' })
  await context.close()
  spawnSync('pngquant', [
    '--force',
    '--skip-if-larger',
    '--strip',
    '--quality',
    '70-95',
    '--output',
    path,
    path,
  ])
  console.log(`docs/pictures/${name}.png  ${Math.round(statSync(path).size / 1000)} KB`)
}
