/**
 * The user's own folder for derived data that cannot be checked against object ids. It is not in a store, because a
 * store can come from a stranger. If anything is wrong with it, readers only take longer. Source: XDG Base Directory
 * Specification, `XDG_CACHE_HOME`.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { makeFolders } from '../../folders.ts'

/** Bytes of the largest file that is written or read. */
const MOST_BYTES = 64 << 20
/** Milliseconds after which a file that was not written again is removed. */
const MOST_AGE = 30 * 24 * 3600 * 1000
/** More bytes than any head has. */
const HEAD_BYTES = 8192
const KEY = 'key'
const KEY_BYTES = 32
/** Permission bits that others must not have: to write a file; to read it as well. */
const NOBODY_WRITES = 0o022
const NOBODY_READS = 0o077

/** Texts as bytes, each about a folder. A text is removed when its folder no longer exists, or after a month. */
export class UserCache {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** `undefined` if the user has no such folder. */
  static open(): UserCache | undefined {
    try {
      const named = process.env.XDG_CACHE_HOME ?? ''
      return new UserCache(join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'forkpoint'))
    } catch {
      return undefined
    }
  }

  /** The text; `undefined` when there is none, when it is damaged, or when others could have written it. */
  read(name: string): Buffer | undefined {
    return quietly(() => {
      if (!isOwn(fs.lstatSync(this.#folder))) return undefined
      const content = readOwn(join(this.#folder, name), MOST_BYTES + HEAD_BYTES)
      const head = headOf(content)
      const text = content?.subarray(content.indexOf('\n') + 1)
      return text !== undefined && crc32(text) === head?.crc ? text : undefined
    })
  }

  /**
   * The key of this user, which is in no store: data with an HMAC made with it was written by this user. It is made on
   * first use; `undefined` if that is not possible, or if others could read it.
   */
  key(): Uint8Array | undefined {
    const path = join(this.#folder, KEY)
    return quietly(() => this.#readKey(path)) ?? quietly(() => this.#makeKey(path))
  }

  /**
   * Replaces the text. Does nothing if that is not possible.
   *
   * @param about a folder; must exist, else a later `write` of anything removes the text
   */
  write(name: string, about: string, text: Uint8Array): void {
    if (text.length > MOST_BYTES) {
      this.remove(name)
      return
    }
    const temporary = join(this.#folder, `${name}.${randomBytes(8).toString('hex')}.tmp`)
    quietly(() => {
      if (!this.#makeFolder()) return
      const head = Buffer.from(`${JSON.stringify({ crc: crc32(text), about })}\n`)
      if (head.length > HEAD_BYTES) return
      try {
        fs.writeFileSync(temporary, head, { flag: 'wx', mode: 0o600 })
        fs.appendFileSync(temporary, text)
        fs.renameSync(temporary, join(this.#folder, name))
      } catch (error) {
        fs.rmSync(temporary, { force: true })
        throw error
      }
      this.#sweep(name)
    })
  }

  /** Removes all texts whose names start with this. */
  remove(prefix: string): void {
    quietly(() => {
      if (!isOwn(fs.lstatSync(this.#folder))) return
      for (const name of fs.readdirSync(this.#folder))
        if (name.startsWith(prefix)) fs.rmSync(join(this.#folder, name), { force: true })
    })
  }

  /** Makes the folder if needed. Returns whether it exists and belongs to this user alone. */
  #makeFolder(): boolean {
    makeFolders(join(this.#folder, '..'))
    quietly(() => fs.mkdirSync(this.#folder, { mode: 0o700 }))
    return isOwn(fs.lstatSync(this.#folder))
  }

  #readKey(path: string): Uint8Array | undefined {
    if (!isOwn(fs.lstatSync(this.#folder))) return undefined
    const key = readOwn(path, KEY_BYTES + 1, NOBODY_READS)
    return key?.length === KEY_BYTES ? key : undefined
  }

  #makeKey(path: string): Uint8Array | undefined {
    if (!this.#makeFolder()) return undefined
    const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
    fs.writeFileSync(temporary, randomBytes(KEY_BYTES), { flag: 'wx', mode: 0o600 })
    try {
      // Another process may make a key at the same moment: then one of the two remains. A key that cannot be used is
      // replaced.
      if (
        quietly(() => done(fs.linkSync(temporary, path))) === undefined &&
        this.#readKey(path) === undefined
      )
        fs.renameSync(temporary, path)
    } finally {
      fs.rmSync(temporary, { force: true })
    }
    return this.#readKey(path)
  }

  #sweep(except: string): void {
    for (const name of fs.readdirSync(this.#folder)) {
      if (name === KEY) continue
      const path = join(this.#folder, name)
      quietly(() => {
        const age = Date.now() - fs.lstatSync(path).mtimeMs
        const isLeft = name.endsWith('.tmp') ? age > 3600_000 : age > MOST_AGE || !isAboutSomething(path)
        if (name !== except && isLeft) fs.rmSync(path)
      })
    }
  }
}

/** Ignores errors: without a copy, everything is right, only slower. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

const done = (_: unknown): true => true

/** Whether the file belongs to this user, and others lack these permissions. */
const isOwn = ({ uid, mode }: fs.Stats, others = NOBODY_WRITES): boolean =>
  process.getuid === undefined || (uid === process.getuid() && (mode & others) === 0)

function readOwn(path: string, most: number, others = NOBODY_WRITES): Buffer | undefined {
  const fd = fs.openSync(
    path,
    fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0),
  )
  try {
    const stat = fs.fstatSync(fd)
    if (!stat.isFile() || !isOwn(stat, others)) return undefined
    const content = Buffer.allocUnsafe(Math.min(stat.size, most))
    return content.subarray(0, fs.readSync(fd, content, 0, content.length, 0))
  } finally {
    fs.closeSync(fd)
  }
}

function headOf(content: Buffer | undefined): { crc: number; about: string } | undefined {
  const end = content?.subarray(0, HEAD_BYTES).indexOf('\n') ?? -1
  return end === -1 ? undefined : JSON.parse(content!.toString('utf8', 0, end))
}

const isAboutSomething = (path: string): boolean => {
  const about = quietly(() => headOf(readOwn(path, HEAD_BYTES))?.about)
  return typeof about === 'string' && fs.existsSync(about)
}
