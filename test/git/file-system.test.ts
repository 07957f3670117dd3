import fs from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { StorageError } from '../../src/errors.ts'
import { closeAll, nodeFileSystem as disk } from '../../src/git/disk/file-system.ts'
import { tempFolder } from './real-git.ts'

const failing = Object.assign(new Error('EIO: i/o error, close'), { code: 'EIO' })

/** Closing fails, as it may on a network file system; the descriptor is given back all the same (close(2)). */
function closingFails(): void {
  const { closeSync } = fs
  vi.spyOn(fs, 'closeSync').mockImplementation((fd) => {
    closeSync(fd)
    throw failing
  })
}

afterEach(() => void vi.restoreAllMocks())

describe('an open file', () => {
  const files = (): [string, string] => {
    const folder = tempFolder()
    const names: [string, string] = [path.join(folder, 'one'), path.join(folder, 'two')]
    for (const name of names) fs.writeFileSync(name, path.basename(name))
    return names
  }

  it('that is closed twice leaves alone the file that has its number by then', () => {
    const [one, two] = files()
    const first = disk.open(one, 'r+')!
    first.close()
    const second = disk.open(two, 'r+')!
    first.close()
    expect(second.size()).toBe(3)
    second.close()
  })

  it('that is closed neither reads nor writes what has its number by then', async () => {
    const [one, two] = files()
    const first = disk.open(one, 'r+')!
    first.close()
    const second = disk.open(two, 'r+')!
    const bytes = Buffer.from('one')
    for (const use of [() => first.write(bytes, 0), () => first.read(bytes, 0), () => first.size()])
      expect(use).toThrow(StorageError)
    await expect(first.writeAsync(bytes, 0)).rejects.toThrow(StorageError)
    await expect(first.readAsync(bytes, 0)).rejects.toThrow(StorageError)
    await expect(first.sync()).rejects.toThrow(StorageError)
    second.close()
    expect(fs.readFileSync(two, 'utf8')).toBe('two')
  })

  it('whose closing fails is closed: what was written is a StorageError, what was read is not', () => {
    const [one, two] = files()
    const [written, read] = [disk.open(one, 'r+')!, disk.open(two, 'r')!]
    closingFails()
    expect(() => written.close()).toThrow(StorageError)
    expect(() => read.close()).not.toThrow()
    vi.restoreAllMocks()
    const next = disk.open(two, 'r')!
    written.close()
    read.close()
    expect(next.size()).toBe(3)
    next.close()
  })

  it('is closed with all others, though one of them fails', () => {
    const closed: number[] = []
    const file = (n: number) => ({
      close() {
        closed.push(n)
        if (n === 1) throw failing
      },
    })
    expect(() => closeAll([1, 2, 3].map(file))).toThrow(failing)
    expect(closed).toEqual([1, 2, 3])
  })
})

it('a file whose closing fails after it was written was not written; one that was read was read', async () => {
  const folder = tempFolder()
  const file = path.join(folder, 'file')
  fs.writeFileSync(file, 'content')
  closingFails()
  expect(() => disk.writeFile(path.join(folder, 'new'), Buffer.from('x'))).toThrow(StorageError)
  expect(disk.readFile(file)?.toString()).toBe('content')
  await disk.syncFile(file)
  await disk.syncDir(folder)
})
