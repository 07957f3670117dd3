/** `read`, `write`, `edit`, `ls`. */
import type { BigIntStats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { MASK } from '../secrets/stream.ts'
import { ToolFailure } from './outcome.ts'
import { edited, hasCrlf, withLineEnds } from './text-edit.ts'
import { decodeText, encodeText, shownText, type Text } from './text-file.ts'
import { defineTool, ok } from './tool.ts'
import { fileFailure, MissingFile, type Workspace } from './workspace.ts'

const LARGEST_FILE = 20 * 1024 * 1024
const LINES = 2000

const path = z.string().min(1).describe('Path, relative to the workspace')

export const read = defineTool({
  description: `Reads a text file. Gives up to ${LINES} lines, each with its number.`,
  inputSchema: z.object({
    path,
    offset: z.number().int().min(1).optional().describe('First line to read, from 1'),
    limit: z.number().int().min(1).optional().describe('How many lines to read'),
  }),
  parallel: true,
  subject: 'path',
  async run({ path, offset = 1, limit = LINES }, { workspace }) {
    const file = await openText(workspace, path)
    const lines = shownText(file).split(/\r?\n/)
    if (lines.at(-1) === '') lines.pop()
    if (lines.length === 0) return ok('(the file is empty)')
    if (offset > lines.length) throw new ToolFailure(`${path} has only ${lines.length} lines`)
    const shown = lines.slice(offset - 1, offset - 1 + limit)
    const rest = lines.length - (offset - 1) - shown.length
    const note = rest > 0 ? `\n[… ${rest} more lines; read on with offset ${offset + shown.length} …]` : ''
    const other =
      file.encoding === 'bytes' ? '\n[… the file is not UTF-8; characters outside ASCII may be wrong …]' : ''
    return ok(shown.map((line, index) => `${offset + index}\t${line}`).join('\n') + note + other)
  },
})

export const write = defineTool({
  description:
    'Writes a whole text file; makes its folders and replaces what was there. Encoding and line ends of a file that was there are kept.',
  inputSchema: z.object({ path, content: z.string() }),
  parallel: false,
  subject: 'path',
  async run({ path, content }, { workspace, secrets }) {
    const before = await openText(workspace, path).catch((error: unknown) => {
      if (error instanceof MissingFile) return undefined
      if (error instanceof NoText) throw new ToolFailure(`${error.message}; remove it first to replace it`)
      throw error
    })
    const old = before ?? NEW_TEXT
    if (old.encoding === 'bytes') {
      throw new ToolFailure(
        `${path} is not UTF-8, so it was not replaced; change it with edit, or remove it first`,
      )
    }
    if (content.includes(MASK) && secrets?.hides(old.text)) {
      throw new ToolFailure(
        `${path} holds a key that you see as ${MASK}; change the lines around it with edit`,
      )
    }
    const crlf = hasCrlf(old.text) && !content.includes('\r')
    const text = withLineEnds(content, crlf ? '\r\n' : '\n')
    const mark = old.mark && !content.startsWith('\uFEFF')
    const bytes = encodeText({ encoding: old.encoding, mark, text })
    await workspace.writeFile(path, bytes, before?.stat)
    const kept = [
      ...(old.encoding === 'utf8' ? [] : ['UTF-16']),
      ...(mark ? ['a byte order mark'] : []),
      ...(crlf ? ['CRLF line ends'] : []),
    ].join(', ')
    return ok(`Wrote ${bytes.length} bytes to ${path}${kept === '' ? '' : `, with ${kept} as before`}.`)
  },
})

const NEW_TEXT: Text = { text: '', encoding: 'utf8', mark: false }

export const edit = defineTool({
  description:
    'Replaces a text in a file. The text has to be there exactly once, unless all are to be replaced. The rest of the file stays as it is, line ends too.',
  inputSchema: z.object({
    path,
    oldText: z.string().min(1),
    newText: z.string(),
    all: z.boolean().optional().describe('Replace every occurrence'),
  }),
  parallel: false,
  subject: 'path',
  async run({ path, oldText, newText, all = false }, { workspace }) {
    const { encoding, mark, stat, text } = await openText(workspace, path)
    const isOther = encoding === 'bytes'
    if (isOther && !(ASCII.test(oldText) && ASCII.test(newText))) {
      throw new ToolFailure(
        `${path} is not UTF-8: only ASCII text can be replaced in it, and only by ASCII text`,
      )
    }
    // In some encodings the second byte of a character looks like an ASCII character.
    const fits = isOther ? (at: number) => at === 0 || text.charCodeAt(at - 1) < 0x80 : undefined
    const { count, text: after } = edited(text, { oldText, newText, ...(fits === undefined ? {} : { fits }) })
    if (count === 0) {
      const hint = oldText.includes(MASK) ? `; ${MASK} stands for a key, leave it out` : ''
      throw new ToolFailure(`${path} does not contain that text${hint}`)
    }
    if (count > 1 && !all) {
      throw new ToolFailure(
        `${path} contains that text ${count} times; include more of the text around it, or set all`,
      )
    }
    await workspace.writeFile(path, encodeText({ encoding, mark, text: after }), stat)
    return ok(`Replaced ${count} ${count === 1 ? 'occurrence' : 'occurrences'} in ${path}.`)
  },
})

const ASCII = /^[\0-\x7f]*$/

export const ls = defineTool({
  description: 'Lists a folder. Folders end in /, links in @.',
  inputSchema: z.object({ path: path.optional() }),
  parallel: true,
  subject: 'path',
  async run({ path = '.' }, { workspace }) {
    const real = await workspace.locate(path)
    const entries = await readdir(real, { withFileTypes: true }).catch((error: unknown) => {
      throw fileFailure(path, error)
    })
    const lines = entries
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((entry) => entry.name + (entry.isDirectory() ? '/' : entry.isSymbolicLink() ? '@' : ''))
    return ok(lines.length === 0 ? '(the folder is empty)' : lines.join('\n'))
  },
})

/** The text of a file, for a model. Throws ToolFailure for a file that is not text or is too large. */
export async function textOf(workspace: Workspace, path: string): Promise<string> {
  return shownText(await openText(workspace, path))
}

/** The file cannot be read as a text. */
class NoText extends ToolFailure {}

/** The text of a file, and the file that it was read from. Throws ToolFailure as `textOf` does. */
async function openText(workspace: Workspace, path: string): Promise<Text & { stat: BigIntStats }> {
  const file = await workspace.openFile(path)
  try {
    const stat = await file.stat({ bigint: true })
    if (stat.size > LARGEST_FILE) throw new NoText(`${path} is too large to be read (${stat.size} bytes)`)
    const text = decodeText(await file.readFile())
    if (text === undefined) throw new NoText(`${path} is a binary file`)
    return { ...text, stat }
  } finally {
    await file.close()
  }
}

/**
 * Every plain file below a folder, as a path relative to it, in order. Links are not followed; `.git` and
 * `node_modules` are skipped.
 */
export async function* filesBelow(folder: string, signal: AbortSignal, under = ''): AsyncGenerator<string> {
  const entries = await readdir(join(folder, under), { withFileTypes: true }).catch(() => [])
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    signal.throwIfAborted()
    const name = under === '' ? entry.name : `${under}/${entry.name}`
    if (entry.isFile()) yield name
    else if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* filesBelow(folder, signal, name)
  }
}

const SKIPPED = new Set(['.git', 'node_modules'])

/** Whether a located path is a folder. */
export const isFolder = async (real: string): Promise<boolean> =>
  (await lstat(real).catch(() => undefined))?.isDirectory() ?? false
