/** Contents and tails for backends that keep whole documents. */
import type { SessionId } from '../ids.ts'
import { type JsonObject, without } from '../json-value.ts'
import { applyPlan, existingIn } from './addition/plan.ts'
import type { Content, ItemCheck, Tail } from './backend.ts'
import { changesBetween } from './changes.ts'

/** A whole state to write. */
export interface WholeContent<C> extends Content<C> {
  readonly document: JsonObject
}

/** How a backend's documents are compared. */
export interface Comparing<C> {
  collections: readonly string[]
  /** Returns the document as this session shows it. */
  documentAt(commit: C, session: SessionId): JsonObject
  /** Whether the checkpoint holds this document, apart from `updatedAt`. */
  holds(commit: C, session: SessionId, document: JsonObject): boolean
}

export const wholeContent = <C>(document: JsonObject, comparing: Comparing<C>): WholeContent<C> => ({
  document,
  fields: without(document, new Set(comparing.collections)),
  changes: (session, since) =>
    changesBetween(since && comparing.documentAt(since, session), document, comparing.collections),
  isIn: (session, commit) => comparing.holds(commit, session, document),
})

/** Calls `check` for all items. */
export function checkItems(document: JsonObject, collections: readonly string[], check: ItemCheck): void {
  for (const name of collections) {
    const items = document[name]
    if (Array.isArray(items)) for (const [index, item] of items.entries()) check(name, index, item)
  }
}

/** Returns the tail of a whole state. */
export const wholeTail = <C>(before: JsonObject, comparing: Comparing<C>): Tail<C> => ({
  ...existingIn(before, comparing.collections),
  change: (plan) => wholeContent(applyPlan(before, plan), comparing),
})
