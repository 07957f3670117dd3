/** What every session store has to do, as sentences that any test framework can run: `forkpoint/testing`. */
import { appending } from './append.ts'
import { branching } from './branches.ts'
import { concurrency } from './concurrency.ts'
import { type Chapter, type Factory, runSentence, type TestFunction } from './context.ts'
import { deleting } from './delete.ts'
import { diffing } from './diff.ts'
import { expecting } from './expected.ts'
import { forking } from './fork.ts'
import { generic } from './generic.ts'
import { handles } from './handle.ts'
import { keys } from './keys.ts'
import { lifecycle } from './lifecycle.ts'
import { listing } from './list.ts'
import { loading } from './load.ts'
import { logging } from './log.ts'
import { names } from './names.ts'
import { redacting } from './redact.ts'
import { revisions } from './revisions.ts'
import { saving } from './save.ts'
import { steps } from './steps.ts'
import { tagging } from './tags.ts'
import { values } from './values.ts'

export type { AnyStore, Factory, Harness, TestContext, TestFunction } from './context.ts'

const CHAPTERS: Readonly<Record<string, Chapter>> = {
  save: saving,
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
 * Adds a test for every sentence. A sentence about something that `store.supports` does not declare is skipped.
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
