/**
 * One session in one JSON file. The first line holds everything but the state, so that a listing reads only this line.
 * The state follows, formatted for people:
 *
 *     {"forkpoint":1,"type":"session","checkpoint":{…},"summary":{…},"state":
 *     {
 *       "schemaVersion": 1,
 *       …
 *     }}
 */
import { createHash } from 'node:crypto'
import { writeJson } from '../../codec/index.ts'
import { CorruptError } from '../../errors.ts'
import { type CommitId, isObjectId, type SessionId, trustedCommit } from '../../ids.ts'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Checkpoint } from '../session-store.ts'

/** The contents of the first line. */
export interface FileHead {
  type: string
  checkpoint: Checkpoint & { id: CommitId; session: SessionId }
  /** What a listing shows of the state. `title`, `status` and `createdAt` only if they are text. */
  summary: { messages: number; title?: string; status?: string; createdAt?: string }
  /** Further trailers of the save. */
  trailers?: Readonly<Record<string, string>>
}

export interface SessionFile extends FileHead {
  state: JsonObject
}

/** A file without its fingerprint. */
export type Draft = Omit<SessionFile, 'checkpoint'> & { checkpoint: Omit<Checkpoint, 'id'> }

const FORMAT = 1
const STATE = '"state":\n'
const HEAD_END = Buffer.from(`,${STATE}`)

/**
 * Returns the bytes of the file and its checkpoint, whose id is a fingerprint of everything else in the file. Throws
 * InvalidStateError for what JSON cannot express.
 */
export function encodeSessionFile(draft: Draft): { bytes: Uint8Array; checkpoint: Checkpoint } {
  const state = writeJson(draft.state)
  const checkpoint = { id: fingerprint(draft, state), ...draft.checkpoint }
  const head = { forkpoint: FORMAT, type: draft.type, checkpoint, summary: draft.summary }
  const trailers = draft.trailers === undefined ? {} : { trailers: draft.trailers }
  const line = writeJson({ ...head, ...trailers }, { compact: true })
  return { bytes: Buffer.from(`${line.slice(0, -1)},${STATE}${state}}\n`), checkpoint }
}

/** Throws CorruptError, which names the file, if it is not the file of a session. */
export function decodeSessionFile(file: string, bytes: Uint8Array): SessionFile {
  const value = parse(file, bytes)
  const head = headOf(file, value)
  if (!isJsonObject(value.state)) throw corrupt(file, 'it does not contain a state')
  return { ...head, state: value.state }
}

/** Returns the head, if these first bytes of a file contain all of it; `undefined` if more has to be read. */
export function decodeFileHead(file: string, start: Uint8Array): FileHead | undefined {
  const end = Buffer.from(start).indexOf(HEAD_END)
  // A file that was reformatted is read whole.
  if (end === -1 || start.subarray(0, end).includes(0x0a)) return undefined
  return headOf(file, parse(file, Buffer.concat([start.subarray(0, end), Buffer.from('}')])))
}

/** Whether the file is as it was written: its id must be the fingerprint of the rest. */
export function isIntact(file: SessionFile): boolean {
  const { id, ...checkpoint } = file.checkpoint
  return fingerprint({ ...file, checkpoint }, writeJson(file.state)) === id
}

function fingerprint({ type, checkpoint, summary, trailers }: Draft, state: string): CommitId {
  const head = writeJson([FORMAT, type, checkpoint, summary, trailers ?? null], { compact: true })
  return trustedCommit(createHash('sha1').update(`${head}\n${state}`).digest('hex'))
}

function parse(file: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (isJsonObject(value)) return value
  } catch (error) {
    throw corrupt(file, 'it does not contain JSON', error)
  }
  throw corrupt(file, 'it does not contain an object')
}

function headOf(file: string, value: Record<string, unknown>): FileHead {
  const { forkpoint, type, checkpoint, summary, trailers } = value
  if (typeof forkpoint === 'number' && forkpoint > FORMAT) {
    throw corrupt(
      file,
      `it was written by a newer forkpoint (format ${forkpoint}). Upgrade forkpoint to read it`,
    )
  }
  const isHead =
    forkpoint === FORMAT &&
    typeof type === 'string' &&
    isJsonObject(checkpoint) &&
    typeof checkpoint.id === 'string' &&
    isObjectId(checkpoint.id) &&
    typeof checkpoint.session === 'string' &&
    typeof checkpoint.createdAt === 'string' &&
    typeof checkpoint.seq === 'number' &&
    isJsonObject(summary) &&
    typeof summary.messages === 'number'
  if (!isHead) throw corrupt(file, 'forkpoint did not write its head')
  return { type, checkpoint, summary, trailers } as unknown as FileHead
}

const corrupt = (file: string, why: string, cause?: unknown): CorruptError =>
  new CorruptError(
    `'${file}' is not the file of a session: ${why}. Restore it from a backup, or remove it.`,
    { file },
    { cause },
  )
