import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../support/client.ts'
import { installed, versionOf } from '../support/installed.ts'

const script = installed('@google', 'gemini-cli', 'bundle', 'gemini.js')

// A named model, so that no other one is asked which to take.
const PRINT = ['--yolo', '--skip-trust', '--model', 'gemini-2.5-flash', '--prompt']

export const geminiCli: Client = {
  name: 'gemini-cli',
  version: versionOf('@google/gemini-cli'),
  program: script === undefined ? undefined : [process.execPath, script],
  configure({ home }, url) {
    mkdirSync(join(home, '.gemini'))
    const settings = {
      security: { auth: { selectedType: 'gemini-api-key' } },
      general: { enableAutoUpdate: false },
      privacy: { usageStatisticsEnabled: false },
    }
    writeFileSync(join(home, '.gemini', 'settings.json'), JSON.stringify(settings))
    return {
      GEMINI_API_KEY: 'none',
      GOOGLE_GEMINI_BASE_URL: url.replace(/\/v1$/, ''),
      GEMINI_CLI_NO_RELAUNCH: 'true',
    }
  },
  ask: (prompt) => [...PRINT, prompt],
  askIn: ({ id }, prompt) => ['--resume', id, ...PRINT, prompt],
  repeatsResults: true,
  call: (command) => ({ name: 'run_shell_command', input: { command, description: 'as asked' } }),
}
