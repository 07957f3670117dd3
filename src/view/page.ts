/**
 * The page of a turn: what was said in it, as Markdown that reads well in `git log -p` and on a git host. It is made of the
 * turn's items alone, so that it can be made again and compared: `docs/format.md`, "Pages".
 */
import { beginning } from '../excerpt.ts'
import type { Block } from './block.ts'
import { listing, onOneLine } from './listing.ts'
import { code, fenced, quoted } from './markdown.ts'
import { readMessage } from './message.ts'

/** The first line of every page that this renderer makes; another renderer has another number. */
export const PAGE_START = '<!-- forkpoint page 1 -->'

/** An item of a turn. */
export interface PageItem {
  /** Its number in the collection. */
  index: number
  item: unknown
  /** Whether there was one before. */
  replaces: boolean
  /** Name of the file that has a text of the item as it is, or the bytes that the text is in base64. */
  fileOf(text: string): string
}

/** How a page begins. */
export const pageHead = (seq: number): string => `${PAGE_START}\n\n# Turn ${seq}\n`

/**
 * What a page says of an item.
 *
 * @param longest bytes of UTF-8 from which on a text stands in a file of its own; what tools got and gave is cut there
 */
export function pageSection(item: PageItem, longest: number): string {
  const { who, at, model, blocks } = readMessage(item.item)
  const facts = [
    `${item.index} ${wordOf(who)}`,
    ...(at !== undefined && TIME.test(at) ? [`${at.slice(0, 10)} ${at.slice(11, 16)}`] : []),
    ...(model === undefined ? [] : [code(cut(model))]),
    ...(item.replaces ? ['changed'] : []),
  ]
  const sections = blocks.flatMap((block) => blockSections(block, item, longest))
  return ['', `## ${facts.join(' · ')}`, ...sections.flatMap((section) => ['', section]), ''].join('\n')
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/
/** What people and models say is cut only where hardly anybody would read on. */
const LONGEST_PROSE = 256 * 1024
const LONGEST_NAME = 200

function blockSections(block: Block, item: PageItem, longest: number): string[] {
  switch (block.kind) {
    case 'text':
      return proseSections(block.text, item, longest)
    case 'thinking':
      return block.text === '' ? [] : ['*thinking*', ...proseSections(block.text, item, longest)]
    case 'call': {
      const head = `→ ${code(cut(block.tool))}`.trimEnd()
      const short = onOneLine(block.input)
      if (short !== undefined) return [short === '{}' ? head : `${head} ${code(short)}`]
      return [head, ...valueSections(block.input, item, longest)]
    }
    case 'result': {
      const head = `← ${code(cut(block.tool))}`.trimEnd() + (block.failed ? ' failed' : '')
      return block.output === undefined || block.output === ''
        ? [`${head} (nothing)`]
        : [head, ...valueSections(block.output, item, longest)]
    }
    case 'file': {
      const { data } = block
      const where = typeof data === 'string' ? (isBinary(data) ? item.fileOf(data) : cut(data)) : ''
      return [`${code(cut(block.about))} ${code(where)}`.trimEnd()]
    }
    case 'error':
      return ['*error*', fenced(block.text)]
    case 'other':
      return [`${block.type === undefined ? '' : `${code(cut(block.type))} `}${code(jsonStart(block.value))}`]
  }
}

function proseSections(text: string, item: PageItem, longest: number): string[] {
  const { shown, file } = shortened(text, item, Math.max(longest, LONGEST_PROSE))
  return [quoted(shown), ...noteOf(file)]
}

/** What a tool got or gave: each text in it as it is, cut where it has a file of its own. */
function valueSections(value: unknown, item: PageItem, longest: number): string[] {
  const files = new Set<string>()
  const text = listing(value, (one) => {
    if (isBinary(one)) return `[${one.length} characters of base64]`
    const { shown, file } = shortened(one, item, longest)
    if (file === undefined) return shown
    files.add(file)
    return `${shown}\n…`
  })
  return [fenced(text), ...noteOf(...files)]
}

const noteOf = (...files: readonly (string | undefined)[]): string[] =>
  files.flatMap((file) => (file === undefined ? [] : [`Cut here; ${code(file)} has the whole.`]))

/** The text; where it is too long, the lines at its start and the file that has it. */
function shortened(
  text: string,
  item: PageItem,
  longest: number,
): { shown: string; file: string | undefined } {
  if (text.length * 3 <= longest || Buffer.byteLength(text) <= longest)
    return { shown: text, file: undefined }
  const start = beginning(text, longest)
  const end = start.lastIndexOf('\n')
  return { shown: end > 0 ? start.slice(0, end) : start, file: item.fileOf(text) }
}

const isBinary = (text: string): boolean =>
  text.length >= 1000 && /^(?:data:[\w/+.;=-]{1,100},)?[A-Za-z0-9+/_-]+={0,2}$/.test(text)

const cut = (text: string): string => beginning(text, LONGEST_NAME)

/** Who said it, as a word that is no Markdown. */
const wordOf = (who: string | undefined): string =>
  (who ?? 'item')
    .slice(0, 40)
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'item'

function jsonStart(value: unknown): string {
  const short = onOneLine(value)
  return short ?? `${beginning(JSON.stringify(value) ?? '', LONGEST_NAME)}…`
}
