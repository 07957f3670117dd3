/** The file `packed-refs`: one line a ref, sorted by name. Source: git-pack-refs(1), refs/packed-backend.c. */
import { CorruptError } from '../errors.ts'
import { isObjectId, type ObjectId } from '../ids.ts'
import type { FileSystem } from './file-system.ts'

interface PackedRef {
  id: ObjectId
  /** What an annotated tag points at in the end. */
  peeled?: ObjectId
}

export class PackedRefs {
  readonly path: string
  private readonly fs: FileSystem
  private seen: string | undefined = ''
  /** What `read` returned last. */
  refs: ReadonlyMap<string, PackedRef> = new Map()

  constructor(fs: FileSystem, path: string) {
    this.fs = fs
    this.path = path
  }

  /** All packed refs, read again only when the file has changed. Throws CorruptError for a file git did not write. */
  read(): ReadonlyMap<string, PackedRef> {
    const stat = this.fs.stat(this.path)
    const now = stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
    if (now === this.seen) return this.refs
    const content = this.fs.readFile(this.path)
    this.refs = content === undefined ? new Map() : parse(content.toString('utf8'), this.path)
    this.seen = now
    return this.refs
  }

  /** The next `read` looks at the file again: it was changed faster than its time tells. */
  forget(): void {
    this.seen = undefined
  }

  /** The file without the lines of `names`; everything else byte for byte as it is. */
  without(names: ReadonlySet<string>): Buffer {
    let removing = false
    const lines = (this.fs.readFile(this.path)?.toString('latin1') ?? '').split('\n').filter((line) => {
      // The line of a tag is followed by what it points at.
      if (!line.startsWith('^')) removing = !line.startsWith('#') && names.has(line.slice(41))
      return !removing
    })
    return Buffer.from(lines.join('\n'), 'latin1')
  }
}

function parse(text: string, file: string): Map<string, PackedRef> {
  const refs = new Map<string, PackedRef>()
  let last: PackedRef | undefined
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('^') && last !== undefined && isObjectId(line.slice(1))) {
      last.peeled = line.slice(1)
      continue
    }
    const id = line.slice(0, 40)
    if (!isObjectId(id) || line[40] !== ' ' || line.length < 42) {
      throw new CorruptError(
        `'${file}' has a line that is no ref: ${JSON.stringify(line.slice(0, 120))}. Restore the file, or remove that line.`,
        { file },
      )
    }
    last = { id }
    refs.set(line.slice(41), last)
  }
  return refs
}
