/** The source of the page's data: the server, or the data in an exported page. */
import { hitIn } from '../hit.ts'
import type {
  ChangedFiles,
  Comparison,
  Exported,
  Messages,
  RunView,
  Search,
  SessionPage,
  SessionView,
  ShownMessage,
  StoreInfo,
  Tree,
} from '../wire.ts'
import type { Spot } from './route.ts'

export interface SessionsAsked {
  q: string
  type: string
  order: 'updated' | 'id'
  after?: string | undefined
}

/** An error of the server, with its message. */
class AskError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

type Asked = Readonly<Record<string, string | number | undefined>>

const held = document.getElementById('exported')?.textContent
const exported = held ? (JSON.parse(held) as Exported) : undefined

let info: Promise<StoreInfo> | undefined

export const data = {
  /** Whether the page is standalone, with one view of one session. */
  alone: exported !== undefined,
  info(): Promise<StoreInfo> {
    info ??= get('store', {})
    return info
  },
  sessions: ({ q, type, order, after }: SessionsAsked): Promise<SessionPage> =>
    get('sessions', { q, type, order, after }),
  session: (session: string, at: string, exact: boolean): Promise<SessionView> =>
    get('session', { session, at, exact: exact ? '1' : undefined }),
  messages: (session: string, at: string, from: number, to: number): Promise<Messages> =>
    get('messages', { session, at, from, to }),
  /** Loads one message with its complete texts. */
  message: (session: string, at: string, index: number): Promise<ShownMessage> =>
    get('message', { session, at, index }),
  /** Returns the address of an image or file of a message. */
  fileAddress: (session: string, at: string, index: number, file: number): string =>
    exported === undefined ? address('file', { session, at, index, file }) : '',
  search: (session: string, at: string, q: string): Promise<Search> => get('search', { session, at, q }),
  run: (session: string, at: string, run: string): Promise<RunView> => get('run', { session, at, run }),
  /** Loads the changes of a checkpoint's turn to the files. */
  files: (session: string, at: string, patch: boolean): Promise<ChangedFiles> =>
    get('files', { session, at, patch: patch ? '1' : undefined }),
  tree: (session: string): Promise<Tree> => get('tree', { session }),
  compare: (from: Spot, to: Spot): Promise<Comparison> =>
    get('compare', { from: from.session, 'from-at': from.at, to: to.session, 'to-at': to.at }),
  async change(what: 'fork' | 'tag' | 'switch', asked: Record<string, string>): Promise<unknown> {
    const headers = { 'content-type': 'application/json' }
    return answerOf(await fetch(`/api/${what}`, { method: 'POST', headers, body: JSON.stringify(asked) }))
  },
  /** Calls `changed` after each save. Returns a function that stops it. */
  follow(session: string | undefined, changed: () => void): () => void {
    if (exported !== undefined) return () => undefined
    const source = new EventSource(address('changes', { session }))
    source.addEventListener('changed', changed)
    return () => source.close()
  },
}

const get = async <T>(name: string, asked: Asked): Promise<T> =>
  exported === undefined
    ? answerOf<T>(await fetch(address(name, asked)))
    : (answerFrom(exported, name, asked) as T)

/** Answers as the server does, from the data of an exported page. */
function answerFrom({ info, view, messages, files }: Exported, name: string, asked: Asked): unknown {
  switch (name) {
    case 'store':
      return info
    case 'session':
      return view
    case 'messages': {
      const [from, to] = [Number(asked.from), Number(asked.to)]
      return { from, messages: messages.filter(({ index }) => index >= from && index < to) }
    }
    case 'message': {
      const found = messages.find(({ index }) => index === asked.index)
      if (found === undefined) throw new AskError('NOT_FOUND', 'The file does not hold this message.')
      return found
    }
    case 'files':
      return files[String(asked.at)] ?? { added: [], changed: [], deleted: [] }
    case 'search': {
      const wanted = String(asked.q).toLowerCase()
      const found = messages.flatMap(({ index, who, blocks }) => {
        const hit = hitIn(blocks, wanted)
        return hit === undefined ? [] : [{ index, who, ...hit }]
      })
      return { found: found.slice(0, 200), more: found.length > 200 }
    }
    default:
      throw new AskError('NOT_FOUND', 'An exported page has one view of one session.')
  }
}

function address(name: string, asked: Asked): string {
  const given = Object.entries(asked).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  )
  return `/api/${name}?${new URLSearchParams(given)}`
}

async function answerOf<T>(response: Response): Promise<T> {
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('application/json')) throw new AskError('FAILED', await response.text())
  const value = (await response.json()) as { error?: { code: string; message: string } }
  if (!response.ok && value.error !== undefined) throw new AskError(value.error.code, value.error.message)
  return value as T
}
