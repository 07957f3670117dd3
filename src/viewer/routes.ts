/** The API of the page: addresses and their answers. */
import { NotFoundError } from '../errors.ts'
import type { ListOptions, SessionSummary } from '../store/session-store.ts'
import { comparison } from './answers/comparison.ts'
import { changedFiles } from './answers/file-changes.ts'
import { search } from './answers/search.ts'
import { runInfo, sessionView } from './answers/session-view.ts'
import { fileIn, LONG_TEXT, shownItem } from './answers/shown.ts'
import type { Source } from './answers/source.ts'
import { stepsOf } from './answers/steps.ts'
import { treeOf } from './answers/tree.ts'
import { RequestError, whole } from './request.ts'
import type { Messages, RunView, SessionPage, ShownMessage } from './wire.ts'

/** JSON, or bytes with a media type such as `image/png`. */
export type Answer = { json: unknown } | { bytes: Buffer; mediaType: string }

type Route = (source: Source, asked: URLSearchParams) => Promise<Answer>

export const ROUTES: Readonly<Record<string, Route>> = {
  '/api/sessions': async ({ store }, asked) => {
    const type = asked.get('type') || undefined
    const order: ListOptions['order'] = asked.get('order') === 'id' ? 'id' : 'updated'
    const words = (asked.get('q') ?? '').toLowerCase()
    const limit = whole(asked, 'limit', 100, MOST_SESSIONS)
    const sessions: SessionSummary[] = []
    let looked = 0
    for await (const summary of store.list({ order, type, after: asked.get('after') || undefined })) {
      if (++looked > MOST_LOOKED) break
      if (!`${summary.id}\n${summary.title ?? ''}`.toLowerCase().includes(words)) continue
      if (sessions.length === limit)
        return json({ sessions, after: sessions.at(-1)!.id } satisfies SessionPage)
      sessions.push(summary)
    }
    return json({ sessions } satisfies SessionPage)
  },

  '/api/session': async (source, asked) =>
    json(
      await sessionView(source, sessionIn(asked), {
        at: asked.get('at') ?? '',
        exact: asked.get('exact') === '1',
      }),
    ),

  '/api/messages': async (source, asked) => {
    const items = await itemsAt(source, asked)
    const from = whole(asked, 'from', 0, Number.MAX_SAFE_INTEGER)
    const to = Math.min(whole(asked, 'to', from + 1, Number.MAX_SAFE_INTEGER), from + MOST_MESSAGES)
    const messages: ShownMessage[] = []
    let room = MOST_CHARACTERS
    for (const [offset, item] of items.slice(from, to).entries()) {
      const message = shownItem(item, from + offset)
      room -= JSON.stringify(message).length
      // At least one message, so that the page makes progress.
      if (room < 0 && messages.length > 0) break
      messages.push(message)
    }
    return json({ from, messages } satisfies Messages)
  },

  '/api/message': async (source, asked) => {
    const index = whole(asked, 'index', 0, Number.MAX_SAFE_INTEGER)
    const item = itemIn(await itemsAt(source, asked), index)
    return json(shownItem(item, index, { longest: LONG_TEXT }))
  },

  '/api/file': async (source, asked) => {
    const index = whole(asked, 'index', 0, Number.MAX_SAFE_INTEGER)
    const item = itemIn(await itemsAt(source, asked), index)
    const found = fileIn(item, whole(asked, 'file', 0, 10_000))
    if (found === undefined) throw new RequestError('There is no such file in the message.')
    const { data, mediaType = 'application/octet-stream' } = found
    return { bytes: Buffer.from(data, 'base64'), mediaType }
  },

  '/api/files': async ({ store }, asked) => {
    const patch = asked.get('patch') === '1'
    return json(await changedFiles(store, sessionIn(asked), textIn(asked, 'at'), { patch }))
  },

  '/api/tree': async (source, asked) => json(await treeOf(source, sessionIn(asked))),

  '/api/search': async (source, asked) => {
    const words = textIn(asked, 'q')
    return json(await search(await itemsAt(source, asked), words))
  },

  '/api/run': async (source, asked) => {
    const id = textIn(asked, 'run')
    const { items, runs } = await source.load(sessionIn(asked), textIn(asked, 'at'))
    const run = runs.find((one) => one.id === id)
    if (run === undefined) throw new NotFoundError({ kind: 'run', id })
    return json({ run: runInfo(run), steps: stepsOf(run, items) } satisfies RunView)
  },

  '/api/compare': async (source, asked) => {
    const from = { session: textIn(asked, 'from'), at: asked.get('from-at') || undefined }
    const to = { session: textIn(asked, 'to'), at: asked.get('to-at') || undefined }
    return json(await comparison(source, from, to))
  },
}

const MOST_SESSIONS = 500
const MOST_LOOKED = 100_000
const MOST_MESSAGES = 100
const MOST_CHARACTERS = 8 * 1024 * 1024

const json = (value: unknown): Answer => ({ json: value })

const itemsAt = async (source: Source, asked: URLSearchParams): Promise<readonly unknown[]> =>
  (await source.load(sessionIn(asked), textIn(asked, 'at'))).items

const sessionIn = (asked: URLSearchParams): string => textIn(asked, 'session')

function textIn(asked: URLSearchParams, name: string): string {
  const text = asked.get(name)
  if (text === null || text === '') throw new RequestError(`The request has no '${name}'.`)
  return text
}

function itemIn(items: readonly unknown[], index: number): unknown {
  if (index >= items.length) throw new NotFoundError({ kind: 'revision', id: `#${index}` })
  return items[index]
}
