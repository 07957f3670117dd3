/** Replaces a file: a reader sees the old file or the new one at any time, also after a kill or on a full disk. */
import { randomBytes } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_WRONLY } = constants

/** The file is not the one that the caller read. */
export class FileChanged extends Error {}

/** A new file, with the mode that new files have. */
export async function createFile(path: string, bytes: Uint8Array): Promise<void> {
  await viaTemporary(path, bytes, async () => {})
}

/**
 * Mode and owner stay. A file with several names, or in a folder that takes no new ones, is written in place instead:
 * disk space is reserved first, so that only a kill during the write can leave a mixture. Throws FileChanged when the
 * file has changed since it was read.
 *
 * @param path no link
 */
export async function replaceFile(path: string, bytes: Uint8Array, seen: BigIntStats): Promise<void> {
  // A user who may not write to the file may not replace it either, although the folder would allow it.
  const file = await open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stat = await file.stat({ bigint: true })
    if (stat.ino !== seen.ino || stat.size !== seen.size || stat.mtimeNs !== seen.mtimeNs) {
      throw new FileChanged()
    }
    const alone = stat.nlink === 1n
    if (!(alone && (await renamed(path, bytes, stat)))) await overwrite(file, bytes, Number(stat.size))
  } finally {
    await file.close()
  }
}

/** Returns `false` if the file cannot be replaced by another one. */
async function renamed(path: string, bytes: Uint8Array, stat: BigIntStats): Promise<boolean> {
  try {
    await viaTemporary(path, bytes, async (file) => {
      const own = await file.stat({ bigint: true })
      if (own.uid !== stat.uid || own.gid !== stat.gid) await file.chown(Number(stat.uid), Number(stat.gid))
      await file.chmod(Number(stat.mode) & 0o7777)
    })
    return true
  } catch (error) {
    if (IN_PLACE.has((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

/** The folder allows no new names, the owner cannot be kept, or something is mounted at this path. */
const IN_PLACE = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV', 'EINVAL'])

async function viaTemporary(
  path: string,
  bytes: Uint8Array,
  prepare: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.forkpoint-${randomBytes(6).toString('hex')}.tmp`)
  const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666)
  try {
    try {
      await prepare(file)
      await writeAll(file, bytes, 0)
      // Content is synced first: otherwise a power loss could leave an empty file under the new name.
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
}

async function overwrite(file: FileHandle, bytes: Uint8Array, size: number): Promise<void> {
  try {
    await writeAll(file, bytes.subarray(size), size)
  } catch (error) {
    await file.truncate(size)
    throw error
  }
  await writeAll(file, bytes.subarray(0, size), 0)
  await file.truncate(bytes.length)
  await file.datasync()
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}
