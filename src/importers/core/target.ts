/** Finds the session that a file belongs to, and compares the file with what is stored of it. */
import type { SessionStore } from '../../store/session-store.ts'
import type { ByteSource } from '../byte-source.ts'
import type { Importer, Transcript } from '../importer.ts'
import { compare, type StandingTo, type StoredFiles } from './continuation.ts'
import { exportEditions } from './export.ts'
import { readStored, type StoredBranch } from './stored.ts'

/** The session that a file belongs to. */
export interface Target {
  session: string
  /** `undefined` when the session is new. */
  stored: readonly StoredBranch[] | undefined
  standing: StandingTo
  filesOf: StoredFiles
}

/**
 * Returns the session that the entries name. If the file shares nothing with that session and has another name, it is a
 * separate session: for example, a continuation that still contains the id of the previous session.
 */
export async function findTarget(
  tool: Importer,
  source: ByteSource,
  transcript: Transcript,
  store: SessionStore,
  given: string | undefined,
): Promise<Target> {
  let target: Target | undefined
  for (const session of idsOf(tool, source.name, transcript.sessionId, given)) {
    const filesOf = once(() => exportEditions(tool, store, session))
    const stored = await readStored(tool, store, session)
    const standing: StandingTo =
      stored === undefined
        ? { kind: 'continues', branches: [] }
        : await compare(stored, filesOf, source, transcript)
    target = { session, stored, standing, filesOf }
    if (standing.kind !== 'differs' || standing.line > 0) break
  }
  return target as Target
}

/** Returns the ids that the session of a file may have, the likeliest first. */
export function idsOf(
  { extension }: Importer,
  file: string,
  sessionId: string | undefined,
  given: string | undefined,
): [string, ...string[]] {
  const stem = file.endsWith(extension) ? file.slice(0, -extension.length) : file
  if (given !== undefined) return [given]
  return sessionId === undefined || sessionId === stem ? [stem] : [sessionId, stem]
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
