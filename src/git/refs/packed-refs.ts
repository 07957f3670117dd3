/** The file `packed-refs`: one line per ref, sorted by name. Source: git-pack-refs(1), refs/packed-backend.c. */
import { CorruptError } from '../../errors.ts'
import { isObjectId, isRefName, type ObjectId, type RefName } from '../../ids.ts'
import type { FileSystem } from '../disk/file-system.ts'

export class PackedRefs {
  readonly path: string
  readonly #fs: FileSystem
  #seen: string | undefined = ''
  /** The last result of `read`. */
  refs: ReadonlyMap<RefName, ObjectId> = new Map()
  /** Of these, in order; made when they are searched first. */
  #names: readonly RefName[] | undefined

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs
    this.path = path
  }

  /** All packed refs by name, in order, read again only when the file has changed. Throws CorruptError for a file git did not write. */
  read(): ReadonlyMap<RefName, ObjectId> {
    const stat = this.#fs.stat(this.path)
    const now = stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
    if (now === this.#seen) return this.refs
    const content = this.#fs.readFile(this.path)
    this.refs = content === undefined ? new Map() : parse(content.toString('utf8'), this.path)
    this.#seen = now
    this.#names = undefined
    return this.refs
  }

  /** Those whose name starts with `prefix`, in order; the others are not looked at. Throws as `read`. */
  *below(prefix: string): Generator<[ref: RefName, id: ObjectId]> {
    const refs = this.read()
    this.#names ??= [...refs.keys()]
    const names = this.#names
    let [from, to] = [0, names.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (names[middle]! < prefix) from = middle + 1
      else to = middle
    }
    for (let name = names[from]; name?.startsWith(prefix); name = names[++from]) yield [name, refs.get(name)!]
  }

  /** Makes the next `read` read the file again, because it was changed within one tick of the clock. */
  forget(): void {
    this.#seen = undefined
  }

  /** The file without the lines of `names`; everything else byte for byte as it is. */
  without(names: ReadonlySet<string>): Buffer {
    return Buffer.from(this.#lines(names).join('\n'), 'latin1')
  }

  /** The file with `refs`, each with the id of a commit, in place of their old lines, sorted. */
  with(refs: ReadonlyMap<RefName, ObjectId>): Buffer {
    const lines = this.#lines(new Set(refs.keys())).filter((line) => line !== '')
    const head = lines.filter((line) => line.startsWith('#'))
    const old: string[] = []
    for (const line of lines) {
      if (line.startsWith('^')) old.push(`${old.pop()}\n${line}`)
      else if (!line.startsWith('#')) old.push(line)
    }
    const names = [...refs.keys()].sort()
    // What git wrote is sorted: merging is cheaper than sorting all of a large file.
    const isSorted = old.every((line, n) => n === 0 || nameIn(old[n - 1]!) < nameIn(line))
    if (!isSorted) old.sort((a, b) => (nameIn(a) < nameIn(b) ? -1 : 1))
    const entries: string[] = []
    let next = 0
    for (const line of old) {
      for (const name = nameIn(line); next < names.length && names[next]! < name; next++)
        entries.push(`${refs.get(names[next]!)} ${names[next]}`)
      entries.push(line)
    }
    for (const name of names.slice(next)) entries.push(`${refs.get(name)} ${name}`)
    return Buffer.from(`${[...(head.length > 0 ? head : [HEAD]), ...entries].join('\n')}\n`, 'latin1')
  }

  #lines(without: ReadonlySet<string>): string[] {
    let removing = false
    return (this.#fs.readFile(this.path)?.toString('latin1') ?? '').split('\n').filter((line) => {
      // The line of a tag is followed by what it points at.
      if (!line.startsWith('^')) removing = !line.startsWith('#') && without.has(line.slice(41))
      return !removing
    })
  }
}

/** With the peeled id below a tag's line, which is after the name and so changes no order. */
const nameIn = (line: string): string => line.slice(41)

/** Git's own first line. "fully-peeled": every line of an object other than a commit is followed by its target. */
const HEAD = '# pack-refs with: peeled fully-peeled sorted '

function parse(text: string, file: string): Map<RefName, ObjectId> {
  const refs = new Map<RefName, ObjectId>()
  let last = ''
  let isSorted = true
  for (let at = 0, end: number; at < text.length; at = end + 1) {
    end = text.indexOf('\n', at)
    if (end === -1) end = text.length
    // The line after an annotated tag has the object that it leads to.
    if (end === at || text[at] === '#') continue
    if (text[at] === '^' && refs.size > 0 && isObjectId(text.slice(at + 1, end))) continue
    const id = text.slice(at, at + 40)
    const name = text.slice(at + 41, end)
    if (!isObjectId(id) || text[at + 40] !== ' ' || !isRefName(name)) {
      throw new CorruptError(
        `'${file}' has a line that is not a ref: ${JSON.stringify(text.slice(at, Math.min(end, at + 120)))}. Restore the file, or remove that line.`,
        { file },
      )
    }
    isSorted &&= last < name
    last = name
    refs.set(name, id)
  }
  // Git writes it sorted.
  return isSorted ? refs : new Map([...refs].sort(([a], [b]) => (a < b ? -1 : 1)))
}
