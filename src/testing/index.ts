/** Tests of everything that a session store must do, for any test framework: `forkpoint/testing`. */

import { type Chapter, type Factory, runSentence, type TestFunction } from './context.ts'
import { branching } from './lines/branches.ts'
import { deleting } from './lines/delete.ts'
import { forking } from './lines/fork.ts'
import { names } from './lines/names.ts'
import { tagging } from './lines/tags.ts'
import { diffing } from './reading/diff.ts'
import { listing } from './reading/list.ts'
import { loading } from './reading/load.ts'
import { logging } from './reading/log.ts'
import { revisions } from './reading/revisions.ts'
import { concurrency } from './using/concurrency.ts'
import { generic } from './using/generic.ts'
import { handles } from './using/handle.ts'
import { lifecycle } from './using/lifecycle.ts'
import { appending } from './writing/append.ts'
import { expecting } from './writing/expected.ts'
import { changingInPlace } from './writing/in-place.ts'
import { keys } from './writing/keys.ts'
import { redacting } from './writing/redact.ts'
import { saving } from './writing/save.ts'
import { steps } from './writing/steps.ts'
import { values } from './writing/values.ts'

export type { AnyStore, Factory, Harness, TestContext, TestFunction } from './context.ts'

const CHAPTERS: Readonly<Record<string, Chapter>> = {
  save: saving,
  'in place': changingInPlace,
  append: appending,
  load: loading,
  values,
  expected: expecting,
  key: keys,
  steps,
  branches: branching,
  fork: forking,
  tag: tagging,
  revision: revisions,
  log: logging,
  diff: diffing,
  list: listing,
  handle: handles,
  delete: deleting,
  names,
  'other documents': generic,
  redact: redacting,
  concurrency,
  'open and close': lifecycle,
}

/**
 * Adds all tests of the suite. A test of a feature that `store.supports` does not declare is skipped.
 *
 * ```ts
 * import { test } from 'vitest'
 * import { suite } from 'forkpoint/testing'
 *
 * suite({ test, factory: async (options) => ({ store: new MyStore(options) }) })
 * ```
 */
export function suite({ test, factory }: { test: TestFunction; factory: Factory }): void {
  for (const [subject, chapter] of Object.entries(CHAPTERS)) {
    chapter((name, ...rest) => {
      const [needs, run] = rest.length === 1 ? [{}, rest[0]] : rest
      test(`${subject}: ${name}`, (context) => runSentence(factory, needs, run, context))
    })
  }
}
