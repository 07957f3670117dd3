import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, Resumed } from '../support/client.ts'
import { installed, versionOf } from '../support/installed.ts'

const binary = installed('opencode-$platform', 'bin', 'opencode')

export const opencode: Client = {
  name: 'opencode',
  version: versionOf('opencode-ai'),
  program: binary === undefined ? undefined : [binary],
  configure({ home }, url) {
    const limit = { context: 10_000_000, output: 4096 }
    const any = {
      name: 'any',
      limit,
      attachment: true,
      modalities: { input: ['text', 'image'], output: ['text'] },
    }
    const local = {
      npm: '@ai-sdk/openai-compatible',
      name: 'local',
      options: { baseURL: url, apiKey: 'none' },
      models: { any },
    }
    const model = 'local/any'
    mkdirSync(join(home, '.config', 'opencode'), { recursive: true })
    writeFileSync(
      join(home, '.config', 'opencode', 'opencode.json'),
      JSON.stringify({
        autoupdate: false,
        share: 'disabled',
        model,
        small_model: model,
        provider: { local },
      }),
    )
    return {
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    }
  },
  ask: (prompt) => ['run', '--title', 'Made by the tests', prompt],
  before: ({ path }) => ['import', path],
  askIn: (session, prompt) => ['run', '--session', idOf(session), prompt],
  call: (command) => ({ name: 'bash', input: { command, description: 'as asked' } }),
  idOf,
  list: ['session', 'list', '--format', 'json'],
  print: (id) => ['export', id],
}

/** Sessions of opencode have ids of its own form: the name of the file. */
function idOf({ path }: Resumed): string {
  return /(ses_\w+)\.json$/.exec(path)?.[1] ?? ''
}
