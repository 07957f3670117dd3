/** The real tools that resume sessions. */
import type { Client } from '../support/client.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { geminiCli } from './gemini-cli.ts'
import { opencode } from './opencode.ts'
import { pi } from './pi.ts'

export const CLIENTS: readonly Client[] = [claudeCode, codex, geminiCli, pi, opencode]
