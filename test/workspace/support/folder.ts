/** A folder on the disk as a value: what it holds, made and read. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Content by path; of a link `-> target`; a file that can be run begins with `#!`. */
export type Content = Record<string, string>

/** Writes the files; `undefined` removes one. */
export function write(root: string, content: Record<string, string | undefined>): void {
  for (const [path, text] of Object.entries(content)) {
    const file = join(root, path)
    rmSync(file, { force: true, recursive: true })
    if (text === undefined) continue
    mkdirSync(dirname(file), { recursive: true })
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), file)
    else {
      writeFileSync(file, text, 'latin1')
      chmodSync(file, text.startsWith('#!') ? 0o755 : 0o644)
    }
  }
}

/** All files and links, but for `.git`. */
export function contentOf(root: string, prefix = ''): Content {
  const content: Content = {}
  for (const name of readdirSync(join(root, prefix)).sort()) {
    const path = prefix + name
    if (name === '.git') continue
    const stat = lstatSync(join(root, path))
    if (stat.isDirectory()) Object.assign(content, contentOf(root, `${path}/`))
    else if (stat.isSymbolicLink()) content[path] = `-> ${readlinkSync(join(root, path))}`
    else {
      content[path] = readFileSync(join(root, path), 'latin1')
      const canRun = (stat.mode & 0o100) !== 0
      if (canRun !== content[path].startsWith('#!')) content[path] += `\n(mode ${stat.mode.toString(8)})`
    }
  }
  return content
}
