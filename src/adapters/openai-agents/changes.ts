/** What the calls of the framework change in a session. */
import {
  type AgentInputItem,
  applySessionHistoryMutations,
  type SessionHistoryRewriteArgs,
} from '@openai/agents-core'
import { cut, itemCount, lineOf, linesOf, type Text } from './item-line.ts'
import { fingerprint, toJsonItems } from './items.ts'
import type { Change } from './new-checkpoint.ts'
import type { SessionTree } from './session-tree.ts'

/** Returns the last item, and the change that removes it; `undefined` if there is none. */
export async function takenBack(
  tree: SessionTree,
): Promise<{ item: AgentInputItem; change: Change } | undefined> {
  const count = await tree.count()
  const [item] = count === 0 ? [] : await tree.items(count - 1)
  if (item === undefined) return undefined
  return { item, change: { keep: count - 1, text: saying(cut(`take back ${lineOf(item)}`)) } }
}

/** Removes items, operations and a run state; `undefined` if there are none. */
export async function cleared(tree: SessionTree): Promise<Change | undefined> {
  if (tree.id === undefined || (await tree.isEmpty())) return undefined
  const subject = `clear ${itemCount(await tree.count())}`
  const waits = await tree.hasRunState()
  return { keep: 0, clear: true, ...(waits && { run: null }), text: saying(subject) }
}

/** Replaces all items. */
export async function compacted(tree: SessionTree, add: readonly unknown[]): Promise<Change> {
  const count = await tree.count()
  return { keep: 0, add, text: replacing(`compact ${itemCount(count)} to`) }
}

/** Rewrites stored function calls; `undefined` if nothing changes. */
export async function rewritten(
  tree: SessionTree,
  mutations: SessionHistoryRewriteArgs['mutations'],
): Promise<Change | undefined> {
  const before = await tree.items()
  const after = toJsonItems(applySessionHistoryMutations(before, mutations))
  const old = toJsonItems(before).map(fingerprint)
  const changed = after.findIndex((item, index) => fingerprint(item) !== old[index])
  if (changed === -1 && after.length === before.length) return undefined
  const keep = changed === -1 ? after.length : changed
  const calls = [...new Set(mutations.map(({ callId }) => callId))]
  return { keep, add: after.slice(keep), text: saying(cut(`rewrite call ${calls.join(', ')}`)) }
}

/** The text of a commit that has only a subject. */
export const saying = (subject: string) => (): Text => ({ subject, body: '' })

/** The text of a commit that adds items in the place of others: `compact 12 items to 3`. */
export const replacing =
  (what: string) =>
  (added: readonly unknown[]): Text => ({
    subject: `${what} ${added.length.toLocaleString('en')}`,
    body: linesOf(added),
  })
