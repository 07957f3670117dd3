/**
 * Reads a large file in a thread of its own: there its lines are parsed, redacted and mapped, and the next turns are
 * built, while this thread stores the ones before. Turns of a straight file are encoded there as well, while the rest of
 * the file is still being read. The result is the same as without the thread.
 */
import type { Worker } from 'node:worker_threads'
import type { AheadRules } from '../../store/git/ahead.ts'
import type { ByteSource } from '../byte-source.ts'
import { ofPieces, type Piece } from '../core/redacted-source.ts'
import type { BegunTranscript, BuiltTurn, Transcript } from '../importer.ts'
import {
  type Answer,
  type EncodedTurn,
  type Question,
  type ReadingTask,
  receivedError,
  receivedTurn,
  type SentTranscript,
  sizeOf,
} from './exchange.ts'
import type { ReadingThreads } from './threads.ts'

/** A file that was read in a thread. */
export interface Reading {
  kind: 'whole'
  transcript: Transcript
  /** The file without secrets. */
  source: ByteSource
  /** Number of removed secrets by rule. */
  redacted: Record<string, number>
  /** Gives the thread back, or ends it if it is not done. */
  close(): Promise<void>
}

/** A straight file that is being read in a thread. */
export interface StraightReading {
  kind: 'straight'
  begun: BegunTranscript
  /** Yields all turns, the last one with the rest. Throws ThreadEnded if the file has to be read in another way. */
  turns(): AsyncIterable<EncodedTurn>
  /** Gives the thread back, or ends it if it is not done. */
  close(): Promise<void>
}

export interface ReadingOptions {
  /** Returns how the turns of a straight file are encoded; `undefined` if they are not. Called when its first turn has ended. */
  begin?(begun: BegunTranscript): Promise<AheadRules | undefined>
  /** Returns the key of the marks that replace secrets. */
  key(): Uint8Array | Promise<Uint8Array>
  /** Reads the file again, in this thread, if the other one ends early. */
  again(): Promise<Transcript>
}

/**
 * Reads a file. Returns `undefined` if no thread can do it. Throws what the tool's `read` throws.
 *
 * @param raw the opened file
 */
export async function readAside(
  raw: ByteSource,
  task: ReadingTask,
  { key, again, begin }: ReadingOptions,
  threads: ReadingThreads,
): Promise<Reading | StraightReading | undefined> {
  const worker = threads.take()
  const thread = worker && new ReadingThread(worker, threads, task, { key, begin })
  const read = await thread?.read.catch(async (error: unknown) => {
    await thread.close()
    if (!(error instanceof ThreadEnded)) throw error
    return undefined
  })
  if (thread === undefined || read === undefined) return undefined
  if ('begun' in read)
    return { kind: 'straight', ...read, turns: () => thread.turns(), close: () => thread.close() }
  const { transcript: sent, pieces, redacted } = read
  let other: Promise<Transcript> | undefined
  const build = async (index: number): Promise<BuiltTurn> => {
    try {
      if (other === undefined) return await thread.build(index, sent)
    } catch (error) {
      if (!(error instanceof ThreadEnded)) throw error
    }
    other ??= again()
    return (await other).build(index)
  }
  return {
    kind: 'whole',
    transcript: { ...sent, turns: sent.turns.map(receivedTurn), build },
    source: ofPieces(raw, pieces),
    redacted,
    close: () => thread.close(),
  }
}

/** Bytes of lines whose turns are built before they are asked for. */
const AHEAD = 8 << 20

/** The thread has ended without an answer. */
export class ThreadEnded extends Error {}

interface Read {
  transcript: SentTranscript
  pieces: readonly Piece[]
  redacted: Record<string, number>
}

class ReadingThread {
  readonly read: Promise<Read | { begun: BegunTranscript }>
  readonly #worker: Worker
  readonly #threads: ReadingThreads
  readonly #heard = (answer: Answer) => this.#hear(answer)
  readonly #failed = (cause: unknown) => this.#end(new ThreadEnded('The thread failed.', { cause }))
  readonly #exited = () => this.#end(new ThreadEnded('The thread has ended.'))
  readonly #key: ReadingOptions['key']
  readonly #begin: ReadingOptions['begin']
  readonly #settle: { resolve(read: Read | { begun: BegunTranscript }): void; reject(error: unknown): void }
  /** Encoded turns that were not yielded yet. */
  readonly #turns: EncodedTurn[] = []
  #hasMore: (() => void) | undefined
  /** Turns that were asked for and not fetched yet. */
  readonly #asked = new Map<number, Promise<BuiltTurn>>()
  readonly #waiting = new Map<number, { resolve(built: BuiltTurn): void; reject(error: unknown): void }>()
  readonly #fetched = new Set<number>()
  /** Bytes of the turns in `#asked`. */
  #ahead = 0
  /** Whether it has said all that it says without being asked. */
  #isRead = false
  #ended: unknown

  constructor(
    worker: Worker,
    threads: ReadingThreads,
    task: ReadingTask,
    { key, begin }: Pick<ReadingOptions, 'key' | 'begin'>,
  ) {
    this.#worker = worker
    this.#threads = threads
    this.#key = key
    this.#begin = begin
    const { promise, ...settle } = withResolvers<Read | { begun: BegunTranscript }>()
    this.read = promise
    this.#settle = settle
    this.#listen('on')
    this.#say({ kind: 'read', task })
  }

  /** Returns a turn, and asks for the next ones. */
  build(index: number, { turns }: SentTranscript): Promise<BuiltTurn> {
    const built = this.#asked.get(index) ?? this.#ask(index)
    const known = (at: number) => sizeOf(turns[at] as SentTranscript['turns'][number])
    if (this.#asked.delete(index)) this.#ahead -= known(index)
    this.#fetched.add(index)
    for (let next = index + 1; next < turns.length && this.#ahead < AHEAD; next++) {
      if (this.#asked.has(next) || this.#fetched.has(next)) continue
      this.#asked.set(next, this.#ask(next))
      this.#ahead += known(next)
    }
    return built
  }

  /** Yields the turns that were encoded while the file is read. */
  async *turns(): AsyncGenerator<EncodedTurn> {
    for (;;) {
      const turn = this.#turns.shift()
      if (turn !== undefined) {
        this.#say({ kind: 'taken', bytes: turn.bytes })
        yield turn
        if (turn.ended !== undefined) return
      } else if (this.#ended !== undefined) throw this.#ended
      else
        await new Promise<void>((resolve) => {
          this.#hasMore = resolve
        })
    }
  }

  async close(): Promise<void> {
    const isDone = this.#isRead && this.#waiting.size === 0 && this.#ended === undefined
    this.#end(new ThreadEnded('The thread was given back.'))
    if (!isDone) {
      await this.#worker.terminate()
      return
    }
    this.#listen('off')
    await this.#threads.giveBack(this.#worker)
  }

  #listen(how: 'on' | 'off'): void {
    this.#worker[how]('message', this.#heard)
    this.#worker[how]('exit', this.#exited)
    for (const event of ['error', 'messageerror'] as const) this.#worker[how](event, this.#failed)
  }

  #ask(index: number): Promise<BuiltTurn> {
    const { promise, ...settle } = withResolvers<BuiltTurn>()
    // A turn that nobody asks for any more does not matter.
    promise.catch(() => {})
    if (this.#ended !== undefined) settle.reject(this.#ended)
    else {
      this.#waiting.set(index, settle)
      this.#say({ kind: 'build', index })
    }
    return promise
  }

  #say(question: Question): void {
    this.#worker.postMessage(question)
  }

  #hear(answer: Answer): void {
    if (answer.kind === 'read') {
      this.#isRead = true
      this.#settle.resolve(answer)
    } else if (answer.kind === 'key') void this.#sendKey()
    else if (answer.kind === 'begun') void this.#answerBegun(answer.begun)
    else if (answer.kind === 'goes-back') this.#end(new ThreadEnded('The file goes back.'))
    else if (answer.kind === 'turn') {
      this.#isRead = answer.turn.ended !== undefined
      this.#turns.push(answer.turn)
      this.#hasMore?.()
    } else if (answer.kind === 'built') this.#take(answer.index)?.resolve(answer.built)
    else if (answer.index === undefined) this.#end(receivedError(answer.error))
    else this.#take(answer.index)?.reject(receivedError(answer.error))
  }

  async #sendKey(): Promise<void> {
    try {
      this.#say({ kind: 'key', key: await this.#key() })
    } catch (error) {
      this.#end(error)
    }
  }

  async #answerBegun(begun: BegunTranscript): Promise<void> {
    try {
      const rules = await this.#begin?.(begun)
      if (rules !== undefined) this.#settle.resolve({ begun })
      this.#say({ kind: 'straight', rules })
    } catch (error) {
      this.#end(error)
    }
  }

  #take(index: number) {
    const settle = this.#waiting.get(index)
    this.#waiting.delete(index)
    return settle
  }

  /** Answers all that still wait. */
  #end(error: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#settle.reject(error)
    this.#hasMore?.()
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let settle: { resolve(value: T): void; reject(error: unknown): void } | undefined
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...(settle as NonNullable<typeof settle>) }
}
