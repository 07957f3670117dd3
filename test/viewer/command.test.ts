/** `forkpoint view` as a user starts and ends it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { forkpointHere, MAIN } from '../cli/command-line.ts'
import { importSessions, storeFolder, view } from './support/sessions.ts'

let folder: string

beforeAll(async () => {
  folder = await storeFolder()
  await importSessions(folder)
})

test('prints an address that opens the session, and ends quietly when it is interrupted', async () => {
  const args = [MAIN, 'view', 'demo/main~3', '--no-open', '--store', folder]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const address = said.toString().trim()
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}#\/s\/demo\/c\/main~3$/)
  expect((await fetch(address, { redirect: 'manual' })).status).toBe(303)
  child.kill('SIGINT')
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
})

test.each([
  ['a session that is not there', ['nobody'], 4],
  ['a port that is none', ['--port', '70000'], 2],
])('refuses %s', async (_, args, expected) => {
  const { code } = await forkpointHere(['view', '--no-open', ...args, '--store', folder], {
    cwd: dirname(folder),
  })
  expect(code).toBe(expected)
})

test('says that a port is in use', async () => {
  const { port } = await view(folder)
  const args = ['view', '--no-open', '--port', String(port), '--store', folder]
  const { code, stderr } = await forkpointHere(args, { cwd: dirname(folder) })
  expect(code).toBe(2)
  expect(stderr).toContain(`Port ${port} is in use.`)
})
