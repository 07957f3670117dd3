import { expect } from 'vitest'
import {
  exportClaudeCode,
  type ImportOptions,
  type ImportResult,
  importClaudeCode,
} from '../../src/importers/index.ts'
import { checkSession, type Session } from '../../src/state/index.ts'
import type { SessionStore } from '../../src/store/session-store.ts'

export interface RoundTrip {
  store: SessionStore
  result: ImportResult
  state: Session
}

/** Imports lines, into a new store if none is given, and checks that they come back and that the state fits. */
export const roundTripOf =
  (open: () => Promise<SessionStore>) =>
  async (lines: readonly string[], store?: SessionStore, options?: ImportOptions): Promise<RoundTrip> => {
    const into = store ?? (await open())
    const result = await importClaudeCode({ name: 'session-1.jsonl', lines }, into, options)
    const { main } = await exportClaudeCode(into, result.session)
    expect(main.lines).toEqual(lines)
    const state = (await into.load(result.session)) as Session
    expect(checkSession(state)).toEqual([])
    return { store: into, result, state }
  }

/** Subjects from the first to the last, steps included. */
export async function subjects(store: SessionStore, session: string, at?: string): Promise<string[]> {
  const found: string[] = []
  for await (const { subject } of store.log(session, { steps: true, ...(at === undefined ? {} : { at }) })) {
    found.push(subject)
  }
  return found.reverse()
}
