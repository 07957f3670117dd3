import { mkdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { MoveClock } from '../../src/git/journal/move-clock.ts'
import { tempFolder } from './real-git.ts'

function clockIn(own: string): MoveClock {
  return new MoveClock(nodeFileSystem, { own })
}

describe('the clock of moves', () => {
  it('gives each a larger number, whoever asks, and takes one byte for it', () => {
    const own = tempFolder()
    const clocks = [clockIn(own), clockIn(own)]
    const numbers = Array.from({ length: 10 }, (_, n) => clocks[n % 2]!.next())
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(statSync(join(own, 'clock')).size).toBe(10)
  })

  it('goes on from a larger number, and never back to a smaller one', () => {
    const own = tempFolder()
    const [one, other] = [clockIn(own), clockIn(own)]
    one.raise(1000)
    expect(other.next()).toBe(1001)
    one.raise(20)
    expect(one.next()).toBe(1002)
  })

  it('goes on when somebody has deleted its file, or the folder', () => {
    const own = join(tempFolder(), 'own')
    mkdirSync(own)
    const clock = clockIn(own)
    clock.raise(50)
    rmSync(own, { recursive: true })
    expect(clock.next()).toBeGreaterThan(50)
  })

  it('refuses a file that is none of ours', () => {
    const [long, link] = [tempFolder(), tempFolder()]
    writeFileSync(join(long, 'clock'), '')
    truncateSync(join(long, 'clock'), 2 ** 41)
    symlinkSync('/dev/null', join(link, 'clock'))
    for (const own of [long, link]) expect(() => clockIn(own).next()).toThrow(/Remove it/)
  })
})
