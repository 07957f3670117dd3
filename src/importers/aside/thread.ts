/**
 * Runs in a thread of its own: reads one file, and builds the turns that `reading.ts` asks for, or encodes all turns of a
 * straight file while it reads. Whatever a file contains, this thread answers; if it ends instead, the file is read
 * without it.
 */
import { parentPort, workerData } from 'node:worker_threads'
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
const task = workerData as ReadingTask
const redacted: Record<string, number> = {}
/** Called with the key of marks. */
let gotKey: ((key: Uint8Array) => void) | undefined
/** Called when the main thread has answered `begun`. */
let gotRules: ((rules: AheadRules | undefined) => void) | undefined
let rules: AheadRules | undefined
/** Number of encoded turns, messages and runs. */
const encoded = { turns: 0, messages: 0, runs: 0 }
/** Bytes of lines of turns that were not taken yet. */
let waiting = 0
let wasTaken: (() => void) | undefined
const reading = read()
let last: Promise<unknown> = reading

reading.catch((error: unknown) =>
  say(error instanceof NotStraight ? { kind: 'goes-back' } : { kind: 'failed', error: sentError(error) }),
)
port.on('message', (question: Question) => {
  if (question.kind === 'key') gotKey?.(question.key)
  else if (question.kind === 'straight') gotRules?.(question.rules)
  else if (question.kind === 'taken') {
    waiting -= question.bytes
    if (waiting <= AHEAD) wasTaken?.()
  } else last = last.then(() => build(question.index)).catch(() => undefined)
})

function say(answer: Answer, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(answer, [...transfer])
}

async function read(): Promise<Transcript> {
  const { tool: name, path, size, inode, now, redacts, straight } = task
  const tool = IMPORTERS.find((one) => one.name === name) as Importer
  const opened = await openSource(path)
  if (opened.size < size || opened.inode !== inode) throw replaced(path)
  const raw = partOf(opened, size)
  const clean = redacts ? redactedAsRead(raw, redaction()) : undefined
  const open = async (): Promise<ByteSource> => raw
  // Otherwise this thread has time to parse a line again while its turn is awaited, and two threads share the memory.
  const how = straight ? { taker: { begin, take } } : { memory: 0 }
  const transcript = await tool.read(clean ?? raw, { now, open, ...how })
  if (rules === undefined) sayRead(transcript, clean?.pieces() ?? [])
  else await sayEnd(transcript)
  return transcript
}

function sayRead(transcript: Transcript, pieces: (Answer & { kind: 'read' })['pieces']): void {
  // Only these: a tool's transcript also holds what it builds turns from.
  const { name, sessionId, firstAt, lastAt, current, entries, warnings, end, agentTasks } = transcript
  const turns = transcript.turns.map(sentTurn)
  const known = { name, turns, current, sessionId, firstAt, lastAt, entries, warnings, end }
  say(
    {
      kind: 'read',
      transcript: agentTasks === undefined ? known : { ...known, agentTasks },
      pieces,
      redacted,
    },
    turns.map(({ rows }) => rows.buffer),
  )
}

function begin(begun: BegunTranscript): Promise<boolean> {
  return new Promise((resolve) => {
    gotRules = (given) => {
      rules = given
      resolve(given !== undefined)
    }
    say({ kind: 'begun', begun })
  })
}

async function take(turn: Turn, built: BuiltTurn): Promise<void> {
  await sayTurn(turn, built)
  if (waiting > AHEAD)
    await new Promise<void>((resolve) => {
      wasTaken = resolve
    })
}

async function sayEnd({ turns, build, lastAt, entries, warnings, end }: Transcript): Promise<void> {
  const turn = turns.at(-1) as Turn
  await sayTurn(turn, await build(turns.length - 1), { lastAt, entries, warnings, end, redacted })
}

/** Only the first turn is not encoded: it creates the session. */
async function sayTurn(turn: Turn, built: BuiltTurn, ended?: EncodedTurn['ended']): Promise<void> {
  const { rows } = turn
  const bytes = rows.reduce((sum, row) => sum + row.end - row.start, 0)
  const sent = {
    turn: sentTurn({ ...turn, rows: rows.slice(-1) }),
    entries: rows.length,
    bytes,
    ...(ended && { ended }),
  }
  waiting += bytes
  const place = { seq: encoded.turns++, messages: encoded.messages, runs: encoded.runs }
  encoded.messages += built.messages.length
  encoded.runs += built.runs.length
  if (place.seq === 0) say({ kind: 'turn', turn: { ...sent, built } })
  else {
    const ahead = await sentAhead(built, place, rules as AheadRules)
    say({ kind: 'turn', turn: { ...sent, built: ahead } }, [ahead.bytes])
  }
}

function redaction() {
  const onFinding = ({ rule }: { rule: string }) => {
    redacted[rule] = (redacted[rule] ?? 0) + 1
  }
  const askForKey = () =>
    new Promise<Uint8Array>((resolve) => {
      gotKey = resolve
      say({ kind: 'key' })
    })
  let key: Promise<Uint8Array> | undefined
  const redact = withKey(redactSecrets({ onFinding }), () => (key ??= askForKey()))
  return { redact, isClean: cleanCheck() }
}

async function build(index: number): Promise<void> {
  const transcript = await reading
  try {
    say({ kind: 'built', index, built: await transcript.build(index) })
  } catch (error) {
    say({ kind: 'failed', index, error: sentError(error) })
  }
}
