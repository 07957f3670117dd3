/** Verifies a store by reading all of it: refs, checkpoints, packs, journals. */
import { join } from 'node:path'
import type { ArchivedSession } from '../../checkpoints/commits/archive.ts'
import { Archives } from '../../checkpoints/commits/archives.ts'
import { ForkpointError } from '../../errors.ts'
import { checkJournals } from '../../git/journal/check.ts'
import { checkPack, packsToCheck } from '../../git/packs/check.ts'
import { refFiles } from '../../git/refs/names.ts'
import type { Repository } from '../../git/repository.ts'
import { type ParsedRef, parseRef, type SessionId } from '../../ids.ts'
import { isSameName } from '../../ref-part.ts'
import type { MaintainOptions, VerifyReport } from '../session-store.ts'
import { Findings } from '../verify/findings.ts'
import { type FoundRef, reportOf, verifyRefs } from '../verify/refs.ts'

/**
 * Reads and decodes every commit, tree and file that refs reach, once and from the disk, and decodes the whole document
 * at the tip of each line. With `only`, it checks that session; otherwise also the refs of other tools, loose objects,
 * packs and journals. Problems are reported, not thrown. The time is proportional to the size of the store.
 */
export async function verifySessions(
  repository: Repository,
  only: SessionId | undefined,
  onProgress?: MaintainOptions['onProgress'],
): Promise<VerifyReport> {
  const { objects } = repository
  objects.forget()
  const findings = new Findings(objects)
  const refs = [...readRefs(repository, only, findings), ...archivedRefs(repository, only, findings)]
  const checkpoints = await verifyRefs({ repository, findings, refs }, onProgress)
  if (only === undefined) await verifyFiles(repository, findings, onProgress)
  return reportOf(findings, checkpoints)
}

/** Returns the refs that name an object. Refs that should name one and do not are problems. */
function readRefs(
  { fs, paths, refs }: Repository,
  only: SessionId | undefined,
  findings: Findings,
): FoundRef[] {
  const found: FoundRef[] = []
  const isAsked = (parsed: ParsedRef | undefined): boolean =>
    only === undefined || (parsed !== undefined && isSameName(parsed.session, only))
  const { names, strangers } = refFiles(fs, paths)
  const all = new Set(names)
  try {
    for (const name of refs.packedNames()) all.add(name)
  } catch (error) {
    findings.addError({}, refs.packedPath, error)
  }
  for (const name of strangers) {
    const parsed = parseRef(name)
    if (!isAsked(parsed)) continue
    const file = join(paths.root, name)
    findings.add(
      parsed === undefined ? {} : { session: parsed.session },
      file,
      `'${file}' is not a plain file, so it cannot be a ref. Remove it, or take the store from a trusted copy.`,
    )
  }
  for (const name of [...all].sort()) {
    const parsed = parseRef(name)
    if (!isAsked(parsed)) continue
    const reached = parsed === undefined ? {} : { session: parsed.session }
    try {
      if (parsed?.kind === 'active') checkActive()
      const id = refs.read(name)
      // If the branch that the symbolic ref names is gone, main is active.
      if (id !== undefined && parsed?.kind !== 'active') found.push({ name, id, parsed })
    } catch (error) {
      findings.addError(reached, join(paths.root, name), error)
    }

    function checkActive(): void {
      const value = refs.readValue(name)
      const target = value !== undefined && 'symbolic' in value ? parseRef(value.symbolic) : undefined
      if (value === undefined || (target?.kind === 'branch' && target.session === parsed?.session)) return
      const file = join(paths.root, name)
      findings.add(
        reached,
        file,
        `'${file}' does not name a branch of its session. Delete it; then main is active.`,
      )
    }
  }
  if (only !== undefined) return found
  try {
    const id = refs.read('HEAD')
    if (id !== undefined) found.push({ name: 'HEAD', id, parsed: undefined })
  } catch (error) {
    findings.addError({}, join(paths.root, 'HEAD'), error)
  }
  return found
}

/** Returns the refs of archived sessions. An unreadable archive is always reported, even with `only`. */
function archivedRefs(repository: Repository, only: SessionId | undefined, findings: Findings): FoundRef[] {
  const found: FoundRef[] = []
  const broken = (ref: string, error: unknown): void => findings.addError({}, ref, error)
  let archived: ReadonlyMap<string, ArchivedSession>
  try {
    archived = new Archives(repository).sessions(broken)
  } catch {
    // A file of refs cannot be read, which is reported with the other refs.
    return []
  }
  for (const { session, refs } of archived.values()) {
    if (only !== undefined && !isSameName(session, only)) continue
    for (const [name, id] of refs)
      if (repository.refs.read(name) !== id) found.push({ name, id, parsed: parseRef(name) })
  }
  return found
}

async function verifyFiles(
  { fs, paths, objects }: Repository,
  findings: Findings,
  onProgress: MaintainOptions['onProgress'],
): Promise<void> {
  const packs = packsToCheck(fs, paths)
  for (const [n, name] of packs.entries()) {
    onProgress?.({ phase: 'packs', done: n, total: packs.length })
    try {
      await checkPack(fs, paths, name)
    } catch (error) {
      findings.addError({}, name, error)
    }
  }
  for (const id of objects.looseIds()) if (!findings.isSound(id)) await findings.read({}, id)
  try {
    for (const error of checkJournals(fs, paths)) findings.addError({}, paths.journals, error)
  } catch (error) {
    if (!(error instanceof ForkpointError)) throw error
    findings.addError({}, paths.journals, error)
  }
}
