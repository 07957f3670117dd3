import path from 'node:path'
import type { FileReader } from '../disk/file-system.ts'

/**
 * Object folders from which this one borrows, nearest first (`objects/info/alternates`, see gitrepository-layout(5)).
 * As in git: five steps deep, each folder counts once, and what is not a folder is skipped. They are only read.
 */
export function alternateFolders(fs: FileReader, objectsFolder: string): string[] {
  const start = path.resolve(objectsFolder)
  const seen = new Set([start])
  let level = [start]
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const next: string[] = []
    for (const folder of level) {
      for (const other of listed(fs, folder)) {
        // The `.` makes stat follow a link to the folder.
        if (seen.size > MAX_FOLDERS || seen.has(other) || fs.stat(`${other}/.`)?.kind !== 'folder') continue
        seen.add(other)
        next.push(other)
      }
    }
    level = next
  }
  return [...seen].slice(1)
}

const MAX_DEPTH = 5
const MAX_FOLDERS = 64

function listed(fs: FileReader, folder: string): string[] {
  const file = `${folder}/info/alternates`
  if (fs.stat(file)?.kind !== 'file') return []
  const text = fs.readFile(file)?.toString('utf8') ?? ''
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('\0'))
    .map((line) => path.resolve(folder, unquoted(line)))
}

/** Git quotes a path with unusual characters as C does. */
function unquoted(line: string): string {
  if (!/^".*"$/s.test(line)) return line
  const bytes: number[] = []
  for (const [part, octal, escaped] of line.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/gs)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else bytes.push(...Buffer.from(escaped === undefined ? part : (ESCAPES[escaped] ?? escaped), 'utf8'))
  }
  return Buffer.from(bytes).toString('utf8')
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
