/** How turns get the pages that people read: made here for every store and adapter, of what a checkpoint holds. */
import type { PageRules, TurnItem } from '../../checkpoints/pages.ts'
import { type Layout, MAX_INLINE_TEXT } from '../../codec/index.ts'
import { PAGE_START, pageHead, pageSection } from '../../view/page.ts'

/** Pages are made of the first collection of a layout, and of those that adapters keep their messages in. */
export function pageRules(layout?: Layout): PageRules {
  const first = layout?.collections[0]
  const own = first !== undefined && first.log === undefined ? first.name : undefined
  return {
    isRead: (collection) => collection === own || MESSAGES.test(collection),
    head: pageHead,
    section,
  }
}

/** Whether a page was made by this renderer. */
export const isOfThisRenderer = (page: Uint8Array): boolean =>
  Buffer.from(page.buffer, page.byteOffset, Math.min(page.length, PAGE_START.length + 1)).toString() ===
  `${PAGE_START}\n`

const MESSAGES = /^messages(?:-[1-9]\d{0,8})?$/

const section = ({ index, item, replaces, files }: TurnItem): string =>
  pageSection({ index, item, replaces, fileOf: (text) => fileOf(text, files) }, MAX_INLINE_TEXT)

/** Name of the file that holds a text: one beside the item's, else the item's own. */
function fileOf(text: string, files: ReadonlyMap<string, Uint8Array>): string {
  let own = ''
  for (const [path, bytes] of files) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (name.endsWith('.json')) own = name
    else if (name.endsWith('.bin') ? isBase64Of(text, bytes) : Buffer.from(text).equals(bytes)) return name
  }
  return own
}

const isBase64Of = (text: string, bytes: Uint8Array): boolean =>
  Math.ceil(bytes.length / 3) * 4 === text.length && Buffer.from(text, 'base64').equals(bytes)
