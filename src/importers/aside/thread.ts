/**
 * Runs in a thread of its own: reads one file, and builds the turns that `reading.ts` asks for. Whatever a file contains,
 * this thread answers; if it ends instead, the file is read without it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { StorageError } from '../../errors.ts'
import { withKey } from '../../redaction/marks.ts'
import { cleanCheck, redactSecrets } from '../../redaction/secrets.ts'
import { type ByteSource, openSource, partOf } from '../byte-source.ts'
import { redactedAsRead } from '../core/redacted-source.ts'
import type { Importer, Transcript } from '../importer.ts'
import { IMPORTERS } from '../registry.ts'
import { type Answer, type Question, type ReadingTask, sentError, sentTurn } from './exchange.ts'

const port = parentPort as NonNullable<typeof parentPort>
const task = workerData as ReadingTask
const reading = read()
/** Called with the key of marks. */
let gotKey: ((key: Uint8Array) => void) | undefined
let last: Promise<unknown> = reading

reading.catch((error: unknown) => say({ kind: 'failed', error: sentError(error) }))
port.on('message', (question: Question) => {
  if (question.kind === 'key') gotKey?.(question.key)
  else last = last.then(() => build(question.index)).catch(() => undefined)
})

function say(answer: Answer, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(answer, [...transfer])
}

async function read(): Promise<Transcript> {
  const { tool: name, path, size, inode, now, redacts } = task
  const tool = IMPORTERS.find((one) => one.name === name) as Importer
  const opened = await openSource(path)
  if (opened.size < size || opened.inode !== inode)
    throw new StorageError(`'${path}' was replaced while it was read. Import it again.`, { file: path })
  const raw = partOf(opened, size)
  const redacted: Record<string, number> = {}
  const clean = redacts ? redactedAsRead(raw, redaction(redacted)) : undefined
  const open = async (): Promise<ByteSource> => raw
  // This thread has time to parse a line again while its turn is awaited, and two threads share the memory.
  const transcript = await tool.read(clean ?? raw, { now, open, memory: 0 })
  // Only these: a tool's transcript also holds what it builds turns from.
  const { sessionId, firstAt, lastAt, current, entries, warnings, end, agentTasks } = transcript
  const turns = transcript.turns.map(sentTurn)
  say(
    {
      kind: 'read',
      transcript: {
        name: transcript.name,
        turns,
        current,
        sessionId,
        firstAt,
        lastAt,
        entries,
        warnings,
        end,
        ...(agentTasks === undefined ? {} : { agentTasks }),
      },
      pieces: clean?.pieces() ?? [],
      redacted,
    },
    turns.map(({ rows }) => rows.buffer),
  )
  return transcript
}

function redaction(redacted: Record<string, number>) {
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
