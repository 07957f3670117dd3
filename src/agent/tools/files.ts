/** `read`, `write`, `edit`, `ls`. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { ToolFailure } from './outcome.ts'
import { defineTool, ok } from './tool.ts'
import { fileFailure, type Workspace } from './workspace.ts'

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
    const lines = (await textOf(workspace, path)).split('\n')
    if (lines.at(-1) === '') lines.pop()
    if (lines.length === 0) return ok('(the file is empty)')
    if (offset > lines.length) throw new ToolFailure(`${path} has only ${lines.length} lines`)
    const shown = lines.slice(offset - 1, offset - 1 + limit)
    const rest = lines.length - (offset - 1) - shown.length
    const note = rest > 0 ? `\n[… ${rest} more lines; read on with offset ${offset + shown.length} …]` : ''
    return ok(shown.map((line, index) => `${offset + index}\t${line}`).join('\n') + note)
  },
})

export const write = defineTool({
  description: 'Writes a whole text file; makes its folders and replaces what was there.',
  inputSchema: z.object({ path, content: z.string() }),
  parallel: false,
  subject: 'path',
  async run({ path, content }, { workspace }) {
    await workspace.writeFile(path, content)
    return ok(`Wrote ${Buffer.byteLength(content)} bytes to ${path}.`)
  },
})

export const edit = defineTool({
  description:
    'Replaces a text in a file. The text has to be there exactly once, unless all are to be replaced.',
  inputSchema: z.object({
    path,
    oldText: z.string().min(1),
    newText: z.string(),
    all: z.boolean().optional().describe('Replace every occurrence'),
  }),
  parallel: false,
  subject: 'path',
  async run({ path, oldText, newText, all = false }, { workspace }) {
    const before = await textOf(workspace, path)
    const pieces = before.split(oldText)
    const found = pieces.length - 1
    if (found === 0) throw new ToolFailure(`${path} does not contain that text`)
    if (found > 1 && !all) {
      throw new ToolFailure(
        `${path} contains that text ${found} times; give more of its surroundings, or set all`,
      )
    }
    await workspace.writeFile(path, pieces.join(newText))
    return ok(`Replaced ${found} ${found === 1 ? 'occurrence' : 'occurrences'} in ${path}.`)
  },
})

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

/** The text of a file. Throws ToolFailure for one that is no text, or too large. */
export async function textOf(workspace: Workspace, path: string): Promise<string> {
  const file = await workspace.openFile(path)
  try {
    const { size } = await file.stat()
    if (size > LARGEST_FILE) throw new ToolFailure(`${path} is too large to be read (${size} bytes)`)
    const bytes = await file.readFile()
    if (bytes.subarray(0, 8000).includes(0)) throw new ToolFailure(`${path} is a binary file`)
    return bytes.toString('utf8')
  } finally {
    await file.close()
  }
}

/**
 * Every plain file below a folder, relative to it, in order; links are not followed, `.git` and `node_modules` not
 * entered.
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
