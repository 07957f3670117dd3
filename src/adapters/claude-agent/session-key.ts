/**
 * Keys of the SDK ⇄ names of the store. A session is named `<projectKey>/<sessionId>`; a sub-agent's transcript is a
 * reserved line beside it, named after its subpath. Different keys have different names.
 */
import { createHash } from 'node:crypto'
import type { SessionKey } from '@anthropic-ai/claude-agent-sdk'
import { InvalidIdError } from '../../errors.ts'
import { parseSessionId, type SessionId } from '../../ids.ts'

/** A session of a project: a `SessionKey` without its subpath. */
export type ProjectSession = Pick<SessionKey, 'projectKey' | 'sessionId'>

/** Most characters of one part of a name; a longer part becomes a prefix and a hash. */
const LONGEST = 1000

/** Throws InvalidIdError for a key that has no project, no session, or an empty subpath. */
export function checkKey(key: SessionKey): SessionKey {
  const { projectKey, sessionId, subpath } = key ?? {}
  if (typeof projectKey !== 'string') throw new InvalidIdError('project', projectKey, 'it has to be a string')
  if (typeof sessionId !== 'string') throw new InvalidIdError('session', sessionId, 'it has to be a string')
  if (sessionId === '') throw new InvalidIdError('session', sessionId, 'it is empty')
  if (subpath === undefined) return { projectKey, sessionId }
  if (typeof subpath !== 'string') throw new InvalidIdError('subpath', subpath, 'it has to be a string')
  if (subpath === '') {
    throw new InvalidIdError('subpath', subpath, 'it is empty; omit it for the session itself')
  }
  return { projectKey, sessionId, subpath }
}

/** The key of the session itself, without a subpath. Throws InvalidIdError. */
export const projectSession = (key: ProjectSession): ProjectSession =>
  checkKey({ projectKey: key?.projectKey, sessionId: key?.sessionId })

/** The session's id in the store. */
export const sessionName = ({ projectKey, sessionId }: ProjectSession): SessionId =>
  parseSessionId(projectPrefix(projectKey) + escapeSession(sessionId))

/** The start of the ids of a project's sessions, without the `/`. */
export const projectPrefix = (projectKey: string): string => `${bounded(escapeName(projectKey))}/`

/** The SDK's id of a session of that project; `undefined` for a session of another one. */
export function sessionIdIn(prefix: string, name: string): string | undefined {
  const rest = name.slice(prefix.length)
  return name.startsWith(prefix) && rest !== '' && !rest.includes('/') ? unescapeName(rest) : undefined
}

/** The project of a session with that id of the SDK; `undefined` for another session. */
export function projectOf(name: string, sessionId: string): string | undefined {
  const end = `/${escapeSession(sessionId)}`
  return name.endsWith(end) ? unescapeName(name.slice(0, -end.length)) : undefined
}

/** Name of the line beside the session that keeps a sub-agent's transcript. */
export const lineName = (subpath: string): string => escapeName(subpath)

/** The subpath that such a name stands for. */
export const subpathOf = (name: string): string => unescapeName(name)

/** Whether the name in a ref is cut and hashed, so that the original has to be looked up. */
export const isShortened = (name: string): boolean => name.includes('%-')

const escapeSession = (sessionId: string): string =>
  bounded(escapeName(sessionId).replaceAll('/', escapeCharacter))

// Characters that no name may have: control characters, halves of surrogate pairs, and the mark of an escape.
const SPECIAL = /[%\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/gu

const escapeCharacter = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).padStart(4, '0')}`

const escapeName = (text: string): string => text.replace(SPECIAL, escapeCharacter)

const unescapeName = (name: string): string =>
  name.replace(/%([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** A `%` before anything but four hex digits is never written by the escape. */
function bounded(name: string): string {
  if (name.length <= LONGEST) return name
  const digest = createHash('sha256').update(name, 'utf8').digest('hex')
  return `${name.slice(0, 100).replace(/\p{Surrogate}$/u, '')}%~${digest}`
}
