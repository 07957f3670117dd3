/** How turns get their pages for people, in every store and adapter, from the contents of a checkpoint. */
import type { PageRules, TurnItems } from '../../checkpoints/pages/pages.ts'
import { decodeItem, isFileOf, type Layout, MAX_INLINE_TEXT } from '../../codec/index.ts'
import { isJsonObject } from '../../json-value.ts'
import { PAGE_START, type PageItem, pageOfTurn } from '../../view/page/page.ts'

/** Returns rules that make pages from the first collection of a layout, and from collections of adapters' messages. */
export function pageRules(layout?: Layout): PageRules {
  const first = layout?.collections[0]
  const own = first !== undefined && first.log === undefined ? first.name : undefined
  return {
    isRead: (collection) => collection === own || MESSAGES.test(collection),
    runsOf: (collection) => (collection === 'messages' ? 'runs' : undefined),
    mayHaveWords,
    page,
  }
}

/** Whether a page was made by this renderer. */
export const isOfThisRenderer = (page: Uint8Array): boolean =>
  Buffer.from(page.buffer, page.byteOffset, Math.min(page.length, PAGE_START.length + 1)).toString() ===
  `${PAGE_START}\n`

const MESSAGES = /^messages(?:-[1-9]\d{0,8})?$/

/**
 * Whether a run may have texts for the page: only runs of importers and sub-agents. Our own agent has all texts in
 * messages.
 */
const mayHaveWords = (run: unknown): boolean =>
  isJsonObject(run) && (isJsonObject(run.agent) || isJsonObject(run.source))

/** Most characters of a page; a longer page ends early. */
const LONGEST = 16 * 1024 * 1024

function page({ items, removed, runs }: TurnItems): Iterable<string> {
  const told = runs.map(({ run, events, files }) => ({
    run,
    events,
    longest: MAX_INLINE_TEXT,
    fileOf: (text: string) => fileOf(text, files),
  }))
  return pageOfTurn({ items: sources(items), removed, runs: told }, LONGEST)
}

/** A page is in the folder of its messages, so it names their files without the folder. */
function* sources(items: TurnItems['items']): Generator<PageItem> {
  for (const { index, files, known, before } of items) {
    yield {
      index,
      item: known ?? decodeItem(files),
      before: before && decodeItem(before),
      longest: MAX_INLINE_TEXT,
      fileOf: (text) => nameOf(fileOf(text, files)),
    }
  }
}

/** Returns the path of the file that contains a text: one next to the item's file, else the item's own. */
function fileOf(text: string, files: ReadonlyMap<string, Uint8Array>): string {
  let own = ''
  for (const [path, bytes] of files) {
    if (path.endsWith('.json')) own = path
    else if (path.endsWith('.bin') ? isBase64Of(text, bytes) : isFileOf(text, bytes)) return path
  }
  return own
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const isBase64Of = (text: string, bytes: Uint8Array): boolean =>
  Math.ceil(bytes.length / 3) * 4 === text.length && Buffer.from(text, 'base64').equals(bytes)
