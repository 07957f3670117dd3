/**
 * Encodes additions ahead of their write, so that another thread can do it. The write still decides everything else, and
 * encodes again what then gets another place.
 */
import { withPagesOfNew } from '../../checkpoints/pages/pages.ts'
import { ItemEdits } from '../../checkpoints/trees/edits.ts'
import { EncodedItem, encodeItem } from '../../codec/index.ts'
import { InvalidStateError } from '../../errors.ts'
import { checkMessage, checkRun, type Message, type Run } from '../../state/index.ts'
import { type DocumentRules, documentRules } from '../document.ts'
import { defaultBody } from '../subject.ts'

/** What decides how a store encodes sessions. */
export interface AheadRules {
  pages: boolean
}

/** Where an addition is going to be: how many messages and runs come before, and the number of its turn. */
export interface AheadPlace {
  messages: number
  runs: number
  seq: number
}

/** An addition as `append` takes it, and the body of its checkpoint. */
export interface Ahead {
  messages: EncodedItem[]
  runs: EncodedItem[]
  body: string
}

const stores = new WeakMap<object, AheadRules>()

/** Called in the constructor of a git store. */
export function registerAhead(store: object, rules: DocumentRules): void {
  const usual = documentRules()
  const isUsual = rules.schema === usual.schema && rules.collections.join() === usual.collections.join()
  if (isUsual && rules.redact === undefined) stores.set(store, { pages: rules.pages !== undefined })
}

/** Returns how the store encodes sessions; `undefined` if it does not take what was encoded ahead. */
export const aheadRulesOf = (store: object): AheadRules | undefined => stores.get(store)

/** Encodes new messages and runs. Throws InvalidStateError for what the store would refuse. */
export async function encodeAhead(
  { messages, runs }: { messages: readonly Message[]; runs: readonly Run[] },
  at: AheadPlace,
  { pages }: AheadRules,
): Promise<Ahead> {
  const { layout, pages: rules } = documentRules({ pages })
  const edits = new ItemEdits()
  const encoded = (collection: 'messages' | 'runs', first: number, items: readonly (Message | Run)[]) =>
    items.map((item, n) => {
      const index = first + n
      const issues = (collection === 'runs' ? checkRun : checkMessage)(item, [collection, index])
      if (issues.length > 0) throw new InvalidStateError(issues)
      const files = encodeItem(layout, collection, index, item)
      edits.add({ collection, index, files, known: item })
      return new EncodedItem({ id: item.id, collection, index }, files)
    })
  const made = {
    messages: encoded('messages', at.messages, messages),
    runs: encoded('runs', at.runs, runs),
    body: defaultBody('import', messages),
  }
  const [first, ...others] = made.messages
  if (rules === undefined || first === undefined) return made
  const all = await withPagesOfNew(edits, NO_TREES, {
    ...{ rules, seq: at.seq, before: undefined, parent: undefined },
  })
  const [path, bytes] = [...(all ?? [])].find(([one]) => !edits.has(one)) ?? []
  if (path === undefined || !(bytes instanceof Uint8Array)) return made
  const withPage = new EncodedItem(first, first.files, { path, seq: at.seq, bytes })
  return { ...made, messages: [withPage, ...others] }
}

/** Nothing is read for items of which nothing is stored. */
const nothing = () => Promise.reject(new TypeError('Nothing is stored yet.'))
const NO_TREES = { readTree: nothing, readBlobs: nothing }
