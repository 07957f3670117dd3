import type { Client } from '../support/client.ts'
import { installed, versionOf } from '../support/installed.ts'

const binary = installed('@anthropic-ai', 'claude-code-$platform', 'claude')

const PRINT = ['--allowedTools', 'Bash', '-p']

export const claudeCode: Client = {
  name: 'claude-code',
  version: versionOf('@anthropic-ai/claude-code'),
  program: binary === undefined ? undefined : [binary],
  configure: (_, url) => ({
    ANTHROPIC_BASE_URL: url.replace(/\/v1$/, ''),
    ANTHROPIC_API_KEY: 'none',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_COMPACT: '1',
  }),
  ask: (prompt) => [...PRINT, prompt],
  askAgain: (prompt) => ['--continue', ...PRINT, prompt],
  askIn: ({ id }, prompt) => ['--resume', id, ...PRINT, prompt],
  renamed: { Task: 'Agent', KillShell: 'TaskStop', KillBash: 'TaskStop' },
  call: (command) => ({ name: 'Bash', input: { command, description: 'as asked' } }),
}
