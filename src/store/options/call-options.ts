/** Parses the options of fork and delete. */
import {
  type BranchName,
  parseBranchName,
  parseSessionId,
  parseTagName,
  type SessionId,
  type TagName,
} from '../../ids.ts'
import type { Author, ForkOptions } from '../session-store.ts'
import { parseAuthor } from './write-options.ts'

export interface ForkRequest {
  at: string
  session: SessionId | undefined
  branch: BranchName | undefined
  subject: string | undefined
  author: Author | undefined
}

/** Throws TypeError if neither a branch nor a session is named, InvalidIdError for invalid names. */
export function parseForkOptions(options: ForkOptions): ForkRequest {
  const { at = '', session, branch, subject, author } = options ?? {}
  const request = {
    at,
    session: session === undefined ? undefined : parseSessionId(session),
    branch: branch === undefined ? undefined : parseBranchName(branch),
    subject,
    author: author === undefined ? undefined : parseAuthor(author),
  }
  if (request.session === undefined && request.branch === undefined) {
    throw new TypeError("A fork needs a 'branch' or a 'session'")
  }
  if (subject !== undefined && typeof subject !== 'string') throw new TypeError("'subject' has to be text")
  return request
}

/** Throws TypeError for a branch together with a tag, InvalidIdError for invalid names. */
export function parseDeleteOptions({ branch, tag }: { branch?: string; tag?: string } = {}): {
  branch: BranchName | undefined
  tag: TagName | undefined
} {
  const request = {
    branch: branch === undefined ? undefined : parseBranchName(branch),
    tag: tag === undefined ? undefined : parseTagName(tag),
  }
  if (branch !== undefined && tag !== undefined) {
    throw new TypeError("Delete a 'branch' or a 'tag', not both")
  }
  return request
}
