/**
 * Runs in a thread of its own: reads one file after another, and builds the turns that `reading.ts` asks for, or encodes
 * all turns of a straight file while it reads. Whatever a file contains, this thread answers; if it ends instead, the
 * file is read without it.
 */
import { parentPort } from 'node:worker_threads'
import { withKey } from '../../redaction/marks.ts'
import { cleanCheck, redactSecrets } from '../../redaction/secrets.ts'
import type { AheadRules } from '../../store/git/ahead.ts'
import { type ByteSource, openSource, partOf, replaced } from '../byte-source.ts'
import { redactedAsRead } from '../core/redacted-source.ts'
import {
  type BegunTranscript,
  type BuiltTurn,
  type Importer,
  NotStraight,
  type Transcript,
  type Turn,
} from '../importer.ts'
import { IMPORTERS } from '../registry.ts'
import {
  type Answer,
  type EncodedTurn,
  type Question,
  type ReadingTask,
  sentError,
  sentTurn,
} from './exchange.ts'
import { sentAhead } from './sent-ahead.ts'

/** Bytes of lines whose turns are encoded before the main thread has taken them. */
const AHEAD = 12 << 20

/** Bytes of the memory out of which buffers are made together: most of those of this thread are of some KB. */
Buffer.poolSize = 256 << 10

const port = parentPort as NonNullable<typeof parentPort>
let current: FileReading | undefined

port.on('message', (question: Question) => {
  if (question.kind === 'read') current = new FileReading(question.task)
  else current?.hear(question)
})

function say(answer: Answer, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(answer, [...transfer])
}

/** The reading of one file. */
class FileReading {
  readonly #task: ReadingTask
  readonly #redacted: Record<string, number> = {}
  /** Called with the key of marks. */
  #gotKey: ((key: Uint8Array) => void) | undefined
  /** Called when the main thread has answered `begun`. */
  #gotRules: ((rules: AheadRules | undefined) => void) | undefined
  #rules: AheadRules | undefined
  /** Number of encoded turns, messages and runs. */
  readonly #encoded = { turns: 0, messages: 0, runs: 0 }
  /** Bytes of lines of turns that were not taken yet. */
  #waiting = 0
  #wasTaken: (() => void) | undefined
  readonly #reading: Promise<Transcript>
  #last: Promise<unknown>

  constructor(task: ReadingTask) {
    this.#task = task
    this.#reading = this.#read()
    this.#last = this.#reading
    this.#reading.catch((error: unknown) =>
      say(error instanceof NotStraight ? { kind: 'goes-back' } : { kind: 'failed', error: sentError(error) }),
    )
  }

  hear(question: Exclude<Question, { kind: 'read' }>): void {
    if (question.kind === 'key') this.#gotKey?.(question.key)
    else if (question.kind === 'straight') this.#gotRules?.(question.rules)
    else if (question.kind === 'taken') {
      this.#waiting -= question.bytes
      if (this.#waiting <= AHEAD) this.#wasTaken?.()
    } else this.#last = this.#last.then(() => this.#build(question.index)).catch(() => undefined)
  }

  async #read(): Promise<Transcript> {
    const { tool: name, path, size, inode, now, redacts, straight } = this.#task
    const tool = IMPORTERS.find((one) => one.name === name) as Importer
    const opened = await openSource(path)
    if (opened.size < size || opened.inode !== inode) throw replaced(path)
    const raw = partOf(opened, size)
    const clean = redacts ? redactedAsRead(raw, this.#redaction()) : undefined
    const open = async (): Promise<ByteSource> => raw
    const begin = (begun: BegunTranscript) => this.#begin(begun)
    const take = (turn: Turn, built: BuiltTurn) => this.#take(turn, built)
    // Otherwise this thread has time to parse a line again while its turn is awaited, and two threads share the memory.
    const how = straight ? { taker: { begin, take } } : { memory: 0 }
    const transcript = await tool.read(clean ?? raw, { now, open, ...how })
    if (this.#rules === undefined) this.#sayRead(transcript, clean?.pieces() ?? [])
    else await this.#sayEnd(transcript)
    return transcript
  }

  #sayRead(transcript: Transcript, pieces: (Answer & { kind: 'read' })['pieces']): void {
    // Only these: a tool's transcript also holds what it builds turns from.
    const { name, sessionId, firstAt, lastAt, current, entries, warnings, end, agentTasks } = transcript
    const turns = transcript.turns.map(sentTurn)
    const known = { name, turns, current, sessionId, firstAt, lastAt, entries, warnings, end }
    say(
      {
        kind: 'read',
        transcript: agentTasks === undefined ? known : { ...known, agentTasks },
        pieces,
        redacted: this.#redacted,
      },
      turns.map(({ rows }) => rows.buffer),
    )
  }

  #begin(begun: BegunTranscript): Promise<boolean> {
    return new Promise((resolve) => {
      this.#gotRules = (rules) => {
        this.#rules = rules
        resolve(rules !== undefined)
      }
      say({ kind: 'begun', begun })
    })
  }

  async #take(turn: Turn, built: BuiltTurn): Promise<void> {
    await this.#sayTurn(turn, built)
    if (this.#waiting > AHEAD)
      await new Promise<void>((resolve) => {
        this.#wasTaken = resolve
      })
  }

  async #sayEnd({ turns, build, lastAt, entries, warnings, end }: Transcript): Promise<void> {
    const turn = turns.at(-1) as Turn
    const ended = { lastAt, entries, warnings, end, redacted: this.#redacted }
    await this.#sayTurn(turn, await build(turns.length - 1), ended)
  }

  /** Only the first turn is not encoded: it creates the session. */
  async #sayTurn(turn: Turn, built: BuiltTurn, ended?: EncodedTurn['ended']): Promise<void> {
    const { rows } = turn
    const bytes = rows.reduce((sum, row) => sum + row.end - row.start, 0)
    const sent = {
      turn: sentTurn({ ...turn, rows: rows.slice(-1) }),
      entries: rows.length,
      bytes,
      ...(ended && { ended }),
    }
    this.#waiting += bytes
    const encoded = this.#encoded
    const place = { seq: encoded.turns++, messages: encoded.messages, runs: encoded.runs }
    encoded.messages += built.messages.length
    encoded.runs += built.runs.length
    if (place.seq === 0) say({ kind: 'turn', turn: { ...sent, built } })
    else {
      const ahead = await sentAhead(built, place, this.#rules as AheadRules)
      say({ kind: 'turn', turn: { ...sent, built: ahead } }, [ahead.bytes])
    }
  }

  #redaction() {
    const onFinding = ({ rule }: { rule: string }) => {
      this.#redacted[rule] = (this.#redacted[rule] ?? 0) + 1
    }
    const askForKey = () =>
      new Promise<Uint8Array>((resolve) => {
        this.#gotKey = resolve
        say({ kind: 'key' })
      })
    let key: Promise<Uint8Array> | undefined
    const redact = withKey(redactSecrets({ onFinding }), () => (key ??= askForKey()))
    return { redact, isClean: cleanCheck() }
  }

  async #build(index: number): Promise<void> {
    const transcript = await this.#reading
    try {
      say({ kind: 'built', index, built: await transcript.build(index) })
    } catch (error) {
      say({ kind: 'failed', index, error: sentError(error) })
    }
  }
}
