/** Writes a conversation as a rollout that `codex resume` accepts. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Conversation, Piece, Utterance } from '../out/conversation.ts'
import { imageUrl, plainText } from '../out/pieces.ts'
import type { Composed, ComposeOptions } from '../out/target.ts'

export async function composeRollout(
  { utterances }: Conversation,
  { id, cwd, home, environment, now }: ComposeOptions,
): Promise<Composed> {
  const folder = environment.CODEX_HOME || join(home, '.codex')
  const created = new Date(now).toISOString()
  const lines: object[] = [
    {
      timestamp: created,
      type: 'session_meta',
      payload: {
        id,
        timestamp: created,
        cwd,
        originator: 'forkpoint',
        cli_version: '0.171.0',
        source: 'cli',
        model_provider: await providerOf(folder),
      },
    },
  ]
  for (const turn of turnsOf(utterances)) lines.push(...turnLines(turn))
  const [day = ''] = created.split('T')
  const name = `rollout-${created.slice(0, 19).replaceAll(':', '-')}-${id}.jsonl`
  return {
    path: join(folder, 'sessions', ...day.split('-'), name),
    text: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    command: ['codex', 'resume', id],
  }
}

/**
 * Adapts entries of Codex to the folder and the model provider of the composed session, because Codex refuses to resume
 * a session of another provider. Adds fields that the first entry needs and older versions did not write.
 */
export function fittedRollout(entries: readonly string[], composed: string): string[] {
  const { payload, ...frame } = JSON.parse(composed) as { payload: JsonObject }
  return entries.map((entry) => {
    if (!entry.includes('"session_meta"')) return entry
    const { type, payload: meta, ...rest } = JSON.parse(entry) as { type?: unknown; payload?: unknown }
    if (type !== 'session_meta' || !isJsonObject(meta)) return entry
    const { model_provider, cwd } = payload
    return JSON.stringify({ ...frame, ...rest, type, payload: { ...payload, ...meta, model_provider, cwd } })
  })
}

/** Returns the configured model provider, because Codex refuses sessions of other providers. */
async function providerOf(folder: string): Promise<string> {
  const settings = await readFile(join(folder, 'config.toml'), 'utf8').catch(() => '')
  const [top = ''] = settings.split(/^\s*\[/m)
  return /^\s*model_provider\s*=\s*["']([^"']+)["']/m.exec(top)?.[1] ?? 'openai'
}

/** Splits utterances into turns. A turn begins with a message of the user. */
function turnsOf(utterances: readonly Utterance[]): Utterance[][] {
  const turns: Utterance[][] = []
  for (const utterance of utterances) {
    if (utterance.role === 'system') continue
    if (utterance.role === 'user' || turns.length === 0) turns.push([utterance])
    else turns.at(-1)?.push(utterance)
  }
  return turns
}

function turnLines(turn: readonly Utterance[]): object[] {
  const turnId = randomUUID()
  const [first, last] = [turn[0] as Utterance, turn.at(-1) as Utterance]
  const event = (timestamp: string, payload: object) => ({ timestamp, type: 'event_msg', payload })
  return [
    event(first.at, { type: 'task_started', turn_id: turnId, model_context_window: null }),
    ...turn.flatMap(({ role, at, pieces }) =>
      role === 'user'
        ? [
            { timestamp: at, type: 'response_item', payload: message('user', pieces) },
            event(at, { type: 'user_message', message: plainText(pieces), images: [] }),
          ]
        : pieces.flatMap((piece) =>
            pieceItems(piece).map((payload) => ({ timestamp: at, type: 'response_item', payload })),
          ),
    ),
    event(last.at, { type: 'task_complete', turn_id: turnId, last_agent_message: null }),
  ]
}

const message = (role: 'user' | 'assistant', pieces: readonly Piece[]): object => ({
  type: 'message',
  role,
  content: pieces.flatMap((piece): object[] => {
    if (piece.kind === 'image') return [{ type: 'input_image', image_url: imageUrl(piece) }]
    return piece.kind === 'text'
      ? [{ type: role === 'user' ? 'input_text' : 'output_text', text: piece.text }]
      : []
  }),
})

/** Leaves out the reasoning of other models, because the API refuses its plain text. */
function pieceItems(piece: Piece): object[] {
  if (piece.kind === 'call') {
    const { id, tool, input, result } = piece
    return [
      { type: 'function_call', name: tool, arguments: JSON.stringify(input), call_id: id },
      { type: 'function_call_output', call_id: id, output: result.text },
    ]
  }
  return piece.kind === 'text' ? [message('assistant', [piece])] : []
}
