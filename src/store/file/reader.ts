/** The sessions of a folder of files, read. */

import { resolveRevision } from '../../checkpoints/commits/revision.ts'
import { wrongType } from '../../checkpoints/wrong-type.ts'
import { CorruptError, NotFoundError, UnsupportedError } from '../../errors.ts'
import { type CommitId, encodeName, MAIN, type SessionId } from '../../ids.ts'
import { type DocumentRules, upToDate } from '../document.ts'
import type { Position } from '../positions.ts'
import type { Problem, SessionSummary, VerifyReport } from '../session-store.ts'
import { summarize, unreadable } from '../summary.ts'
import {
  decodeFileHead,
  decodeSessionFile,
  type FileHead,
  isIntact,
  type SessionFile,
} from './session-file.ts'
import type { SessionFolder } from './session-folder.ts'

export class FileReader {
  readonly #folder: SessionFolder
  readonly #rules: DocumentRules

  constructor(folder: SessionFolder, rules: DocumentRules) {
    this.#folder = folder
    this.#rules = rules
  }

  /** `undefined` when there is no such session. Throws CorruptError. */
  read(session: SessionId): SessionFile | undefined {
    const path = this.#folder.fileOf(session)
    const bytes = this.#folder.read(path)
    return bytes === undefined ? undefined : checkName(path, session, decodeSessionFile(path, bytes))
  }

  /** Throws NotFoundError when there is no such session, CorruptError. */
  require(session: SessionId): SessionFile {
    const file = this.read(session)
    if (file === undefined) throw new NotFoundError({ kind: 'session', id: session })
    return file
  }

  /** The file with its state up to date. Throws InvalidStateError when it is of another type than the store's. */
  own(file: SessionFile): SessionFile {
    const { type, checkpoint } = file
    if (type !== this.#rules.type) throw wrongType(checkpoint.session, type, this.#rules.type)
    return { ...file, state: upToDate(file.state, this.#rules) }
  }

  /** Of all sessions; of each only the head is read. */
  summaries(): SessionSummary[] {
    return this.#folder.names().flatMap((name) => {
      try {
        const head = this.#head(name as SessionId)
        if (head === undefined) return []
        const { type, checkpoint, summary } = head
        const session = { id: checkpoint.session, type, activeBranch: MAIN }
        return [summarize(session, checkpoint, summary, summary.messages)]
      } catch (error) {
        return [unreadable({ id: name }, error)]
      }
    })
  }

  /** Reads one session, which has to exist then, or all. */
  verify(only: SessionId | undefined, onDone: (done: number, total: number) => void): VerifyReport {
    const names = only === undefined ? (this.#folder.names() as SessionId[]) : [only]
    const problems: Problem[] = []
    for (const [index, name] of names.entries()) {
      const problem = this.#problemOf(name, only !== undefined)
      if (problem !== undefined) problems.push(problem)
      onDone(index + 1, names.length)
    }
    const sound = names.length - problems.length
    return { ok: problems.length === 0, checkpoints: sound, objects: sound, problems }
  }

  #head(session: SessionId): FileHead | undefined {
    const path = this.#folder.fileOf(session)
    const start = this.#folder.readStart(path)
    const head = start === undefined ? undefined : (decodeFileHead(path, start) ?? this.read(session))
    return head === undefined ? undefined : checkName(path, session, head)
  }

  #problemOf(session: SessionId, has: boolean): Problem | undefined {
    const where = this.#folder.fileOf(session)
    try {
      const file = has ? this.require(session) : this.read(session)
      if (file === undefined || isIntact(file)) return undefined
      return { session, checkpoint: file.checkpoint.id, where, message: 'is not what was saved' }
    } catch (error) {
      if (error instanceof CorruptError) return { session, where, message: error.message }
      throw error
    }
  }
}

export const positionAt = ({ checkpoint }: Pick<FileHead, 'checkpoint'>): Position => ({
  session: checkpoint.session,
  branch: MAIN,
  checkpoint: checkpoint.id,
})

/**
 * The one checkpoint, if the revision names it. Throws UnsupportedError for what came before it, NotFoundError for
 * everything else.
 */
export function resolveIn(
  { checkpoint: { id } }: Pick<FileHead, 'checkpoint'>,
  session: SessionId,
  revision: string,
): Promise<CommitId> {
  const earlier = () => {
    throw new UnsupportedError('history', `A file store keeps no history: '${revision}' is gone.`)
  }
  const lookup = {
    head: async (branch: string = MAIN) => (branch === MAIN ? id : undefined),
    tag: async () => undefined,
    has: async (other: CommitId) => other === id,
    prefix: async (digits: string) => (id.startsWith(digits) ? [id] : []),
    parents: earlier,
    turnParent: earlier,
  }
  return resolveRevision(revision, lookup, session)
}

/** Throws CorruptError when the file holds another session, as when somebody copied it by hand. */
function checkName<H extends FileHead>(path: string, session: SessionId, head: H): H {
  if (encodeName(head.checkpoint.session) === encodeName(session)) return head
  throw new CorruptError(
    `'${path}' holds session '${head.checkpoint.session}'. Give it back its name, or fork the session to copy it.`,
    { file: path },
  )
}
