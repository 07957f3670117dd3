/** The source of the page's data: the server, or the data in an exported page. */
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

export interface Data {
  /** Whether the page is standalone, with one view of one session. */
  readonly alone: boolean
  info(): Promise<StoreInfo>
  sessions(asked: SessionsAsked): Promise<SessionPage>
  session(session: string, at: string, exact: boolean): Promise<SessionView>
  messages(session: string, at: string, from: number, to: number): Promise<Messages>
  /** Loads one message with its complete texts. */
  message(session: string, at: string, index: number): Promise<ShownMessage>
  /** Returns the address of an image or file of a message. */
  fileAddress(session: string, at: string, index: number, file: number): string
  search(session: string, at: string, words: string): Promise<Search>
  run(session: string, at: string, run: string): Promise<RunView>
  /** Loads the changes of a checkpoint's turn to the files. */
  files(session: string, at: string, patch: boolean): Promise<ChangedFiles>
  tree(session: string): Promise<Tree>
  compare(from: Spot, to: Spot): Promise<Comparison>
  change(what: 'fork' | 'tag' | 'switch', asked: Record<string, string>): Promise<unknown>
  /** Calls `changed` after each save. Returns a function that stops it. */
  follow(session: string | undefined, changed: () => void): () => void
}

/** An error of the server, with its message. */
class AskError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

class Served implements Data {
  readonly alone = false
  #info: Promise<StoreInfo> | undefined

  info() {
    this.#info ??= get<StoreInfo>('store', {})
    return this.#info
  }
  sessions({ q, type, order, after }: SessionsAsked) {
    return get<SessionPage>('sessions', { q, type, order, after })
  }
  session(session: string, at: string, exact: boolean) {
    return get<SessionView>('session', { session, at, ...(exact && { exact: '1' }) })
  }
  messages(session: string, at: string, from: number, to: number) {
    return get<Messages>('messages', { session, at, from, to })
  }
  message(session: string, at: string, index: number) {
    return get<ShownMessage>('message', { session, at, index })
  }
  fileAddress(session: string, at: string, index: number, file: number) {
    return address('file', { session, at, index, file })
  }
  search(session: string, at: string, q: string) {
    return get<Search>('search', { session, at, q })
  }
  run(session: string, at: string, run: string) {
    return get<RunView>('run', { session, at, run })
  }
  files(session: string, at: string, patch: boolean) {
    return get<ChangedFiles>('files', { session, at, ...(patch && { patch: '1' }) })
  }
  tree(session: string) {
    return get<Tree>('tree', { session })
  }
  compare(from: Spot, to: Spot) {
    return get<Comparison>('compare', {
      from: from.session,
      'from-at': from.at,
      to: to.session,
      'to-at': to.at,
    })
  }
  async change(what: string, asked: Record<string, string>) {
    const headers = { 'content-type': 'application/json' }
    return answerOf(await fetch(`/api/${what}`, { method: 'POST', headers, body: JSON.stringify(asked) }))
  }
  follow(session: string | undefined, changed: () => void) {
    const source = new EventSource(address('changes', { session }))
    source.addEventListener('changed', changed)
    return () => source.close()
  }
}

/** The data of a standalone page. */
class Alone implements Data {
  readonly alone = true
  readonly #given: Exported

  constructor(given: Exported) {
    this.#given = given
  }

  info = async () => this.#given.info
  session = async () => this.#given.view
  messages = async (_session: string, _at: string, from: number, to: number) => {
    const messages = this.#given.messages.filter(({ index }) => index >= from && index < to)
    return { from, messages }
  }
  message = async (_session: string, _at: string, index: number) => {
    const found = this.#given.messages.find((message) => message.index === index)
    if (found === undefined) throw new AskError('NOT_FOUND', 'The file does not hold this message.')
    return found
  }
  fileAddress = () => ''
  files = async (_session: string, at: string) =>
    this.#given.files[at] ?? { added: [], changed: [], deleted: [] }
  search = async (_session: string, _at: string, words: string) => {
    const wanted = words.toLowerCase()
    const found = this.#given.messages.flatMap(({ index, who, blocks }) => {
      const text = blocks.map((block) => JSON.stringify(block)).join('\n')
      const at = text.toLowerCase().indexOf(wanted)
      if (at === -1) return []
      const end = at + words.length
      return [
        {
          index,
          who,
          before: text.slice(Math.max(0, at - 60), at),
          match: text.slice(at, end),
          after: text.slice(end, end + 60),
        },
      ]
    })
    return { found: found.slice(0, 200), more: found.length > 200 }
  }
  sessions = () => this.#absent()
  run = () => this.#absent()
  tree = () => this.#absent()
  compare = () => this.#absent()
  change = () => this.#absent()
  follow = () => () => undefined

  async #absent(): Promise<never> {
    throw new AskError('NOT_FOUND', 'An exported page has one view of one session.')
  }
}

const held = document.getElementById('exported')?.textContent
export const data: Data = held ? new Alone(JSON.parse(held) as Exported) : new Served()

type Asked = Readonly<Record<string, string | number | undefined>>

function address(name: string, asked: Asked): string {
  const given = Object.entries(asked).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  )
  return `/api/${name}?${new URLSearchParams(given)}`
}

const get = async <T>(name: string, asked: Asked): Promise<T> =>
  answerOf<T>(await fetch(address(name, asked)))

async function answerOf<T>(response: Response): Promise<T> {
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('application/json')) throw new AskError('FAILED', await response.text())
  const value = (await response.json()) as { error?: { code: string; message: string } }
  if (!response.ok && value.error !== undefined) throw new AskError(value.error.code, value.error.message)
  return value as T
}
