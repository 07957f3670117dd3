/** A session as one file to read, written by the command line. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { newMessage, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import type { Exported } from '../../src/viewer/wire.ts'
import { forkpointHere } from '../cli/command-line.ts'
import { noBrowser, openBrowser, violations, watchedPage } from './support/browser.ts'
import { frameworkSessions, importSessions, RED_DOT, storeFolder } from './support/sessions.ts'

let folder: string
const TOKEN = `ghp_${'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2'}`

const run = (...args: string[]) => forkpointHere([...args, '--store', folder], { cwd: dirname(folder) })

beforeAll(async () => {
  folder = await storeFolder()
  await importSessions(folder)
  await frameworkSessions(folder)
  const store = new GitSessionStore(folder)
  await store.save(newSession('leak', { messages: [newMessage('user', `The token is ${TOKEN}.`)] }))
  await store.close()
})

describe('export markdown', () => {
  test('writes the whole conversation, turn by turn', async () => {
    const { stdout, code } = await run('export', 'markdown', 'demo')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^# `Newlines inside quotes`\n/)
    expect(stdout.match(/^## Turn \d+$/gm)).toHaveLength(12)
    expect(stdout).toContain('> Read the project and tell me how the CSV parser works')
    expect(stdout).not.toContain('forkpoint page')
  })

  test('writes the turns of a range', async () => {
    const { stdout } = await run('export', 'markdown', 'demo/main~3..main~1')
    expect(stdout.match(/^## Turn \d+$/gm)).toEqual(['## Turn 10', '## Turn 11'])
  })

  test('takes secrets out, and says so', async () => {
    const clean = await run('export', 'markdown', 'leak')
    expect(clean.stdout).toMatch(/The token is \[redacted:[\w-]+:[0-9a-f]{8}\]/)
    expect(clean.stderr).toMatch(/took out \d+ secrets?/)
    expect((await run('export', 'markdown', 'leak', '--no-redact')).stdout).toContain(TOKEN)
  })

  test.each([
    ['a range that the line does not lead through', 'demo/second-try..main', 0],
    ['a session that is not there', 'nobody', 4],
    ['a range from a branch that left it', 'demo/main..second-try', 4],
  ])('says what is wrong with %s', async (_, range, expected) => {
    expect((await run('export', 'markdown', range)).code).toBe(expected)
  })
})

describe('export html', () => {
  const exported = async (
    session: string,
    ...options: string[]
  ): Promise<{ html: string; data: Exported }> => {
    const file = join(dirname(folder), `${session}.html`)
    const { code, stderr } = await run('export', 'html', session, '-o', file, '--overwrite', ...options)
    if (code !== 0) throw new Error(stderr)
    const html = await readFile(file, 'utf8')
    const [, json = ''] = /<script type="application\/json" id="exported">(.*?)<\/script>/s.exec(html) ?? []
    return { html, data: JSON.parse(json) as Exported }
  }

  test('writes a page with all messages, images as they are, and a policy without a network', async () => {
    const { html, data } = await exported('chat')
    expect(html).toMatch(
      /<meta http-equiv="content-security-policy" content="default-src 'none'; script-src 'sha256-/,
    )
    expect(html).not.toMatch(/connect-src|img-src 'self'/)
    expect(data.messages).toHaveLength(2)
    expect(JSON.stringify(data.messages)).toContain(`data:image/png;base64,${RED_DOT}`)
  })

  test('takes secrets out', async () => {
    expect((await exported('leak')).html).not.toContain(TOKEN)
  })

  test('does not replace a file unless it is told to', async () => {
    await exported('trip')
    const again = await run('export', 'html', 'trip', '-o', join(dirname(folder), 'trip.html'))
    expect(again.code).not.toBe(0)
  })

  test.skipIf(noBrowser !== undefined)('reads as the session does, without a server', async () => {
    await exported('demo')
    const browser = await openBrowser()
    const { page, problems, elsewhere } = await watchedPage(browser, 'file:')
    await page.goto(`file://${join(dirname(folder), 'demo.html')}`)
    await page.waitForSelector('.message')
    expect(await page.locator('#app').textContent()).toContain('how the CSV parser works')
    await page.keyboard.press('G')
    await page.getByText('What is left before a release?').last().waitFor()
    expect(await violations(page)).toEqual([])
    expect([...problems, ...elsewhere]).toEqual([])
    await page.close()
  })
})
