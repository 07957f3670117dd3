/** Writes a conversation as the JSON that `opencode import` accepts. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Conversation, Piece } from '../out/conversation.ts'
import { imageUrl } from '../out/pieces.ts'
import type { Composed, ComposeOptions } from '../out/target.ts'
import { modelFor } from './model.ts'

export async function composeExport(
  { utterances, title, model }: Conversation,
  options: ComposeOptions,
): Promise<Composed> {
  const { cwd, now } = options
  const ids = new Ids(now)
  const session = ids.next('ses')
  const { providerID, modelID } = await modelFor(model, options)
  const agent = { agent: 'build', mode: 'build' }
  let asked = ''
  const messages = utterances.flatMap(({ role, at, pieces }) => {
    if (role === 'system') return []
    const id = ids.next('msg')
    const created = Date.parse(at)
    const base = { id, sessionID: session, role }
    const info =
      role === 'user'
        ? { ...base, time: { created }, agent: 'build', model: { providerID, modelID } }
        : {
            ...base,
            parentID: asked,
            time: { created, completed: created },
            ...agent,
            providerID,
            modelID,
            path: { cwd, root: cwd },
            cost: 0,
            tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } },
          }
    if (role === 'user') asked = id
    const parts = pieces.map((piece) => ({
      id: ids.next('prt'),
      sessionID: session,
      messageID: id,
      ...partOf(piece, created),
    }))
    return [{ info, parts }]
  })
  const info = {
    id: session,
    slug: session.slice(4, 16).toLowerCase(),
    projectID: 'global',
    directory: cwd,
    title: title ?? 'Imported session',
    version: '1.0.0',
    time: { created: now, updated: now },
  }
  const path = join(cwd, `${session}.json`)
  return {
    path,
    text: `${JSON.stringify({ info, messages }, null, 2)}\n`,
    command: ['sh', '-c', `opencode import "$0" && opencode --session ${session}`, path],
  }
}

/** Makes ids that grow with time, because opencode sorts by id. */
class Ids {
  #count: number
  readonly #now: number

  constructor(now: number) {
    this.#now = now
    this.#count = 0
  }

  next(prefix: string): string {
    const time = (BigInt(this.#now) * 4096n + BigInt(++this.#count % 4096))
      .toString(16)
      .padStart(12, '0')
      .slice(-12)
    return `${prefix}_${time}${String(this.#count).padStart(6, '0')}${randomBytes(4).toString('hex')}`
  }
}

function partOf(piece: Piece, at: number): object {
  switch (piece.kind) {
    case 'text':
      return { type: 'text', text: piece.text }
    case 'thinking':
      return { type: 'reasoning', text: piece.text, time: { start: at, end: at } }
    case 'image':
      return { type: 'file', mime: piece.mediaType, url: imageUrl(piece) }
    case 'call': {
      const { id, tool, input, result } = piece
      const time = { start: at, end: at }
      const state = result.failed
        ? { status: 'error', input, error: result.text, time }
        : { status: 'completed', input, output: result.text, title: tool, metadata: {}, time }
      return { type: 'tool', callID: id, tool, state }
    }
  }
}
