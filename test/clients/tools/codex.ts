import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../support/client.ts'
import { installed, versionOf } from '../support/installed.ts'

const TRIPLES: Record<string, string> = {
  'linux-x64': 'x86_64-unknown-linux-musl',
  'linux-arm64': 'aarch64-unknown-linux-musl',
  'darwin-arm64': 'aarch64-apple-darwin',
  'darwin-x64': 'x86_64-apple-darwin',
}
const triple = TRIPLES[`${process.platform}-${process.arch}`] ?? ''
const binary = installed('@openai', 'codex-$platform', 'vendor', triple, 'bin', 'codex')

const EXEC = ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox']

export const codex: Client = {
  name: 'codex',
  version: versionOf('@openai/codex'),
  program: binary === undefined ? undefined : [binary],
  configure({ home }, url) {
    mkdirSync(join(home, '.codex'))
    writeFileSync(
      join(home, '.codex', 'config.toml'),
      `model = "any"
model_provider = "local"
model_context_window = 10000000
tool_output_token_limit = 1000000
check_for_update_on_startup = false
[model_providers.local]
name = "local"
base_url = "${url}"
wire_api = "responses"
`,
    )
    return {}
  },
  ask: (prompt) => [...EXEC, prompt],
  askAgain: (prompt) => [...EXEC, 'resume', '--last', prompt],
  askIn: ({ id }, prompt) => [...EXEC, 'resume', id, prompt],
  call: (command) => ({ name: 'exec_command', input: { cmd: command } }),
}
