/** Writes blocks of a message as Markdown, without empty lines at the start and end. */
import { beginning } from '../../excerpt.ts'
import type { Block, CallBlock, ResultBlock } from '../block.ts'
import { editsOf, type FileEdit, linesOfEdit } from '../edit.ts'
import { listing, onOneLine } from '../listing.ts'
import { hasHidden } from '../visible.ts'
import { code, fenced, quoted } from './markdown.ts'

/** Where long texts of an item are stored, and how long texts may be on a page. */
export interface Source {
  /** Returns the name of the file with a text of the item, or with the bytes of a base64 text. */
  fileOf(text: string): string
  /** Most bytes of UTF-8 of a text without its own file. Inputs and results of tools are cut there. */
  longest: number
}

/** @param number number of the item, if no heading shows it */
export function blockMarkdown(block: Block, source: Source, number?: number): string {
  switch (block.kind) {
    case 'text':
    case 'thinking':
      return prose(block.text, source)
    case 'call':
      return call(block, source, number)
    case 'result':
      return result(block, source, number)
    case 'file': {
      const { about, data } = block
      const where = typeof data !== 'string' ? '' : isBinary(data) ? source.fileOf(data) : name(data)
      return `${code(name(about))} ${code(where)}`.trimEnd()
    }
    case 'error':
      return `*error*\n${value(block.text, source)}`
    case 'other': {
      const type = block.type === undefined ? '' : code(name(block.type))
      const short = onOneLine(block.value)
      if (short !== undefined) return `${type} ${code(short)}`.trim()
      return `${type}\n${value(block.value, source)}`.trim()
    }
  }
}

/** Bytes at which texts of people and models are cut, which is more than anyone would read. */
const LONGEST_PROSE = 256 * 1024
const LONGEST_NAME = 200
/** Most characters of a result on the same line as the tool's name. */
const SHORT_RESULT = 100

function prose(text: string, source: Source): string {
  const { shown, file } = shortened(text, source, Math.max(source.longest, LONGEST_PROSE))
  return quoted(shown) + (file === undefined ? '' : `\n\n${cutNote([file])}`)
}

function call(block: CallBlock, source: Source, number: number | undefined): string {
  const head = `→ ${code(name(block.tool))}`.trimEnd()
  const read = editsOf(block)
  if (read !== undefined) {
    const rest = Object.keys(read.rest).length === 0 ? '' : ` ${inline(read.rest)}`
    const edits = read.edits.map((edit, n) => {
      const line =
        n === 0 ? `${head} ${code(name(edit.path))}${rest}${numbered(number)}` : code(name(edit.path))
      return `${line}${edit.how === 'delete' ? ' deleted' : ''}${diff(edit, source)}`
    })
    return edits.reduce((all, edit) => all + (all.endsWith('```') ? '\n' : '\n\n') + edit)
  }
  const short = onOneLine(block.input)
  if (short === undefined) return `${head}${numbered(number)}\n${value(block.input, source)}`
  return `${head}${short === '{}' ? '' : ` ${code(short)}`}${numbered(number)}`
}

function diff(edit: FileEdit, source: Source): string {
  const files = new Set<string>()
  const short = (text: string): string => {
    const { shown, file } = shortened(text, source, source.longest)
    if (file !== undefined) files.add(file)
    return shown
  }
  const { before, after, patch } = edit
  const lines = linesOfEdit({ ...edit, before: short(before), after: short(after), patch: short(patch) })
  if (lines.length === 0) return ''
  const text = lines.map((line) => (line.sign + line.text).replace(/^ $/, '')).join('\n')
  return `\n${fenced(text, 'diff')}${files.size === 0 ? '' : `\n${cutNote([...files])}`}`
}

function result({ tool, output, failed }: ResultBlock, source: Source, number: number | undefined): string {
  const head = `${`← ${code(name(tool))}`.trimEnd()}${failed ? ' failed' : ''}`
  if (output === undefined || output === '') return `${head}${numbered(number)}: nothing`
  const short = typeof output === 'string' ? shortText(output) : onOneLine(output)
  if (short !== undefined) return `${head} ${code(short)}${numbered(number)}`
  return `${head}${numbered(number)}\n${value(output, source)}`
}

const numbered = (number: number | undefined): string => (number === undefined ? '' : ` · ${number}`)

/** Returns the text if it is one short line. */
function shortText(text: string): string | undefined {
  const line = text.replace(/\n$/, '')
  return line.length <= SHORT_RESULT && line !== '' && !line.includes('\n') && !hasHidden(line)
    ? line
    : undefined
}

/** Writes the input or result of a tool, with its texts verbatim, cut if they have their own file. */
function value(given: unknown, source: Source): string {
  const files = new Set<string>()
  const text = listing(given, (one) => {
    if (isBinary(one)) return `[${one.length} characters of base64]`
    const { shown, file } = shortened(one, source, source.longest)
    if (file === undefined) return shown
    files.add(file)
    return `${shown}\n…`
  })
  return files.size === 0 ? fenced(text) : `${fenced(text)}\n${cutNote([...files])}`
}

const cutNote = (files: readonly string[]): string =>
  `Cut here; the whole is in ${files.map((file) => code(file)).join(', ')}.`

/** Returns the text; if it is too long, its first lines and the name of its file. */
function shortened(
  text: string,
  source: Source,
  longest: number,
): { shown: string; file: string | undefined } {
  // A character takes one to three bytes. To count those of 20 MB takes 15 ms.
  const fits = text.length * 3 <= longest || (text.length <= longest && Buffer.byteLength(text) <= longest)
  if (fits) return { shown: text, file: undefined }
  const start = beginning(text, longest)
  const end = start.lastIndexOf('\n')
  return { shown: end > 0 ? start.slice(0, end) : start, file: source.fileOf(text) }
}

const isBinary = (text: string): boolean =>
  text.length >= 1000 && /^(?:data:[\w/+.;=-]{1,100},)?[A-Za-z0-9+/_-]+={0,2}$/.test(text)

const name = (text: string): string => beginning(text, LONGEST_NAME)

const inline = (given: unknown): string =>
  code(onOneLine(given) ?? `${beginning(JSON.stringify(given) ?? '', LONGEST_NAME)}…`)
