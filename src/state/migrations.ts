/** Migrates a session that an older forkpoint wrote to the current schema version, step by step. */
import { InvalidStateError } from '../errors.ts'
import { SCHEMA_VERSION } from './session.ts'

/** Migrates a state from schema version `from` to `from + 1`, without modifying the given state. */
export interface MigrationStep {
  from: number
  /** The version number itself is set by `migrate`. */
  step(state: Readonly<Record<string, unknown>>): Record<string, unknown>
}

/** All steps, oldest first. A step and the fixture of its version are never removed. */
const MIGRATIONS: readonly MigrationStep[] = []

/**
 * Returns the state at the schema version that this forkpoint writes; the same object if it has that version already.
 * Throws InvalidStateError if the state has no version, or one that only a newer forkpoint can read.
 */
export const migrate = (state: unknown): Record<string, unknown> =>
  migrateBy(MIGRATIONS, state, SCHEMA_VERSION)

/** As `migrate`, with the given steps, to the version `to`. */
export function migrateBy(
  steps: readonly MigrationStep[],
  state: unknown,
  to: number,
): Record<string, unknown> {
  let current = asObject(state)
  for (let version = versionOf(current, to); version < to; version++) {
    const found = steps.find(({ from }) => from === version)
    if (found === undefined) throw noWay(version, to)
    current = { ...found.step(current), schemaVersion: version + 1 }
  }
  return current
}

function asObject(state: unknown): Record<string, unknown> {
  if (typeof state === 'object' && state !== null && !Array.isArray(state))
    return state as Record<string, unknown>
  throw new InvalidStateError([{ path: [], message: 'has to be an object' }])
}

function versionOf({ schemaVersion }: Record<string, unknown>, to: number): number {
  if (typeof schemaVersion !== 'number' || !Number.isSafeInteger(schemaVersion) || schemaVersion < 1) {
    throw new InvalidStateError([
      { path: ['schemaVersion'], message: 'has to be a whole number of at least 1' },
    ])
  }
  if (schemaVersion > to) {
    const message = `This session was written by a newer forkpoint (schema version ${schemaVersion}; this one knows versions up to ${to}). Upgrade forkpoint to read it.`
    throw new InvalidStateError([{ path: ['schemaVersion'], message }], message)
  }
  return schemaVersion
}

function noWay(version: number, to: number): InvalidStateError {
  const message = `There is no migration from schema version ${version} to ${to}.`
  return new InvalidStateError([{ path: ['schemaVersion'], message }], message)
}
