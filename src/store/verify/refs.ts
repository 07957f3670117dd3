/** Verifies everything that refs reach. */
import { readDocument } from '../../checkpoints/trees/documents.ts'
import { CorruptError } from '../../errors.ts'
import type { AnyRepository } from '../../git/any-repository.ts'
import type { ObjectId, ParsedRef } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import type { MaintainOptions, VerifyReport } from '../session-store.ts'
import { CheckpointVerifier } from './checkpoints.ts'
import type { Findings } from './findings.ts'
import { verifyPages } from './pages.ts'

export interface RefsToVerify {
  repository: Pick<AnyRepository, 'objects' | 'refs'>
  findings: Findings
  refs: readonly FoundRef[]
}

/**
 * Reads and decodes everything that the refs reach, once. Returns how many checkpoints are sound. Problems go to the
 * findings.
 */
export async function verifyRefs(
  { repository, findings, refs }: RefsToVerify,
  onProgress: MaintainOptions['onProgress'],
): Promise<number> {
  const { objects } = repository
  const checkpoints = new CheckpointVerifier(
    findings,
    (session) => hasRefs(repository, session),
    (done) => onProgress?.({ phase: 'checkpoints', done }),
  )
  for (const { name, id, parsed } of refs) {
    if (parsed?.kind === 'branch' || parsed?.kind === 'tag')
      await checkpoints.verifyFrom(parsed.session, id, name)
  }
  const ends = checkpoints.finish()
  for (const [n, { id, tree, session }] of ends.entries()) {
    onProgress?.({ phase: 'whole sessions', done: n, total: ends.length })
    try {
      await readDocument(objects, tree, session)
    } catch (error) {
      findings.addError({ session, checkpoint: id }, id, error)
    }
  }
  await verifyPages(findings, objects, checkpoints.made(), checkpoints.pages)
  for (const { id, parsed } of refs) {
    if (parsed?.kind === 'branch' || parsed?.kind === 'tag') continue
    await checkpoints.verifyConnected(parsed === undefined ? {} : { session: parsed.session }, id)
  }
  return checkpoints.count
}

/** Returns the report of a finished verification. `checkpoints`: how many are sound. */
export function reportOf(findings: Findings, checkpoints: number): VerifyReport {
  const { problems, foreign } = findings
  return {
    ok: problems.length === 0,
    checkpoints,
    objects: findings.objects,
    problems,
    ...(foreign.length > 0 && { foreign }),
  }
}

/** Whether the session has branches. Unreadable refs count. */
function hasRefs({ refs }: Pick<AnyRepository, 'refs'>, session: string): boolean {
  try {
    return refs.list(`refs/heads/${encodeName(session)}/`).size > 0
  } catch (error) {
    if (error instanceof CorruptError) return true
    throw error
  }
}

export interface FoundRef {
  name: string
  id: ObjectId
  /** `undefined`: not a ref that forkpoint knows. */
  parsed: ParsedRef | undefined
}
