/** Writes a conversation as a transcript that `claude --resume` accepts. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Conversation, Utterance } from '../out/conversation.ts'
import { anthropicMessages } from '../out/messages.ts'
import type { Composed, ComposeOptions } from '../out/target.ts'

export function composeTranscript(
  conversation: Conversation,
  { id, cwd, home, environment }: ComposeOptions,
): Composed {
  const model = conversation.model ?? 'forkpoint'
  let parentUuid: string | null = null
  const lines: object[] = []
  for (const { role, at, content } of anthropicTurns(conversation.utterances)) {
    const uuid = randomUUID()
    const shared = {
      parentUuid,
      isSidechain: false,
      userType: 'external',
      cwd,
      sessionId: id,
      version: '2.1.0',
    }
    const message = role === 'user' ? { role, content } : { ...reply(model, content), role, content }
    lines.push({ ...shared, type: role, message, uuid, timestamp: at })
    parentUuid = uuid
  }
  const folder = environment.CLAUDE_CONFIG_DIR || join(home, '.claude')
  return {
    path: join(folder, 'projects', cwd.replace(/[^A-Za-z0-9]/g, '-'), `${id}.jsonl`),
    text: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    command: ['claude', '--resume', id],
  }
}

function* anthropicTurns(
  utterances: readonly Utterance[],
): Generator<{ role: 'user' | 'assistant'; at: string; content: unknown[] }> {
  for (const utterance of utterances)
    for (const { role, content } of anthropicMessages([utterance])) yield { role, at: utterance.at, content }
}

function reply(model: string, content: readonly unknown[]): object {
  const calls = content.some((block) => (block as { type?: unknown }).type === 'tool_use')
  return {
    id: `msg_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
    type: 'message',
    model,
    stop_reason: calls ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  }
}
