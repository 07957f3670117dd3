import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../support/client.ts'
import { installed, versionOf, withNode22 } from '../support/installed.ts'

const PACKAGE = '@earendil-works/pi-coding-agent'
const PRINT = ['--provider', 'local', '--model', 'any', '--print']

export const pi: Client = {
  name: 'pi',
  version: versionOf(PACKAGE),
  program: withNode22(installed(PACKAGE, 'dist', 'bundle', 'cli.js')),
  configure({ home }, url) {
    mkdirSync(join(home, '.pi', 'agent'), { recursive: true })
    const models = [{ id: 'any', contextWindow: 10_000_000, input: ['text', 'image'] }]
    const local = { baseUrl: url, api: 'openai-completions', apiKey: 'none', models }
    writeFileSync(join(home, '.pi', 'agent', 'models.json'), JSON.stringify({ providers: { local } }))
    return { PI_OFFLINE: '1' }
  },
  ask: (prompt) => [...PRINT, prompt],
  askIn: ({ path }, prompt) => ['--session', path, ...PRINT, prompt],
  call: (command) => ({ name: 'bash', input: { command } }),
}
