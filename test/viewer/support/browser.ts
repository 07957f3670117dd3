/** A real browser: Debian's Chromium. Where there is none, tests say that they skip. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll } from 'vitest'

const CHROMIUM = '/usr/bin/chromium'

/** Why there is no browser. */
export const noBrowser = existsSync(CHROMIUM) ? undefined : `there is no ${CHROMIUM}`
if (noBrowser !== undefined) console.warn(`Tests of the local page are SKIPPED: ${noBrowser}.`)

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** What a page did that it must not do. */
export interface Watched {
  page: Page
  /** Messages of the console and errors nobody caught. */
  problems: string[]
  /** Addresses of other servers. */
  elsewhere: string[]
}

export interface BrowserOptions {
  flags?: readonly string[]
}

/** A browser with a profile of its own, which ends with the tests of the file. */
export async function openBrowser(options: BrowserOptions = {}): Promise<BrowserContext> {
  const { flags = [] } = options
  const profile = await mkdtemp(join(tmpdir(), 'forkpoint-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: [...FLAGS, ...flags],
    viewport: { width: 1280, height: 860 },
  })
  afterAll(async () => {
    await context.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  return context
}

/** A tab whose faults are written down. */
export async function watchedPage(context: BrowserContext, origin: string): Promise<Watched> {
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const problems: string[] = []
  const elsewhere: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  page.on('pageerror', ({ message }) => problems.push(message))
  page.on('dialog', (dialog) => {
    problems.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) elsewhere.push(request.url())
  })
  return { page, problems, elsewhere }
}

const AXE = createRequire(import.meta.url).resolve('axe-core')

interface Violation {
  id: string
  nodes: readonly { html: string; failureSummary?: string }[]
}

/** What keeps people out, as axe finds it. */
export async function violations(page: Page): Promise<string[]> {
  const { readFile } = await import('node:fs/promises')
  await page.evaluate(await readFile(AXE, 'utf8'))
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
    return (await axe.run()).violations
  })
  return found.flatMap(({ id, nodes }) =>
    nodes
      .slice(0, 3)
      .map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`),
  )
}
