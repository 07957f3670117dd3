/**
 * Sessions of the Claude Agent SDK in git: `forkpoint/adapters/claude-agent`. The project also needs
 * `@anthropic-ai/claude-agent-sdk`.
 */
export {
  CLAUDE_AGENT,
  type ClaudeForkOptions,
  type ClaudeTranscript,
  ForkpointClaudeStore,
  type ForkpointClaudeStoreOptions,
} from './claude-store.ts'
export type { ProjectSession } from './session-key.ts'
