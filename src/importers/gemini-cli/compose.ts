/** Writes a conversation as a chat that `gemini --resume` accepts. */
import { createHash, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../../json-value.ts'
import type { Conversation, Piece, Utterance } from '../out/conversation.ts'
import { callsIn, isUrl, plainText } from '../out/pieces.ts'
import type { Composed, ComposeOptions } from '../out/target.ts'

export async function composeChat(
  { utterances, title }: Conversation,
  { id, cwd, home, now }: ComposeOptions,
): Promise<Composed> {
  const folder = join(home, '.gemini')
  const created = new Date(now).toISOString()
  const projectHash = createHash('sha256').update(cwd).digest('hex')
  const head = {
    sessionId: id,
    projectHash,
    startTime: created,
    lastUpdated: created,
    kind: 'main',
    ...(title === undefined ? {} : { summary: title }),
  }
  const lines = [head, ...utterances.flatMap(records)]
  const project = (await slugOf(folder, cwd)) ?? projectHash
  const name = `session-${created.slice(0, 16).replaceAll(':', '-')}-${id.slice(0, 8)}.jsonl`
  return {
    path: join(folder, 'tmp', project, 'chats', name),
    text: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    command: ['gemini', '--resume', id],
  }
}

/** Returns the short name that newer versions give to a project's folder; `undefined` if there is none. */
async function slugOf(folder: string, cwd: string): Promise<string | undefined> {
  try {
    const { projects } = JSON.parse(await readFile(join(folder, 'projects.json'), 'utf8')) as {
      projects?: unknown
    }
    const slug = isJsonObject(projects) ? projects[cwd] : undefined
    return typeof slug === 'string' && /^[\w.-]+$/.test(slug) && !/^\.+$/.test(slug) ? slug : undefined
  } catch {
    return undefined
  }
}

function records({ role, at, pieces }: Utterance): object[] {
  const base = { id: randomUUID(), timestamp: at }
  if (role === 'system') return []
  if (role === 'user') return [{ ...base, type: 'user', content: pieces.flatMap(userPart) }]
  const thoughts = pieces.flatMap((piece) =>
    piece.kind === 'thinking' ? [{ subject: '', description: piece.text, timestamp: at }] : [],
  )
  const toolCalls = callsIn(pieces).map(({ id, tool, input, result }) => ({
    id,
    name: tool,
    args: input,
    result: [
      {
        functionResponse: { id, name: tool, response: { [result.failed ? 'error' : 'output']: result.text } },
      },
    ],
    status: result.failed ? 'error' : 'success',
    timestamp: at,
  }))
  return [
    {
      ...base,
      type: 'gemini',
      content: plainText(pieces),
      thoughts,
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
    },
  ]
}

function userPart(piece: Piece): object[] {
  if (piece.kind === 'text') return [{ text: piece.text }]
  if (piece.kind !== 'image') return []
  return isUrl(piece.data)
    ? [{ text: piece.data }]
    : [{ inlineData: { mimeType: piece.mediaType, data: piece.data } }]
}
