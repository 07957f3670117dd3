import { describe, expect, it } from 'vitest'
import type { Owner } from '../../src/git/disk/identity.ts'
import { type JournalEntry, parseEntry } from '../../src/git/journal/entry.ts'
import { Journal, type JournalRecord, parseJournal } from '../../src/git/journal/journal.ts'
import { trustedId } from '../../src/ids.ts'
import { Life } from './support/life.ts'
import { SimulatedDisk } from './support/simulated-disk.ts'

const PATH = '/j/0.journal'
const ID = trustedId('a'.repeat(40))
const OTHER = trustedId('b'.repeat(40))

const group = (n: number): JournalEntry => ({
  kind: 'group',
  order: n + 1,
  moves: [{ ref: 'refs/heads/s/main', from: n === 0 ? null : ID, to: OTHER }],
  symbolic: [{ ref: 'HEAD', from: null, to: 'refs/heads/s/main' }],
  pack: ID,
})

function journal(): { disk: SimulatedDisk; journal: Journal; owner: Owner } {
  const disk = new SimulatedDisk()
  disk.makeDir('/j')
  const owner = new Life().identity.newOwner()
  return { disk, journal: Journal.create(disk, PATH, owner), owner }
}

const recordsIn = (content: Buffer): readonly JournalRecord[] => parseJournal(content)?.records ?? []

describe('a journal', () => {
  it('gives back its owner and every record, packs with any bytes', () => {
    const { disk, journal: j, owner } = journal()
    const packs = [Buffer.from('\nFPR1\0\n'), Buffer.alloc(0), Buffer.alloc(100_000, 10)]
    packs.forEach((pack, n) => void j.append(n, group(n), pack))
    j.append(3, { kind: 'locks', refs: ['refs/heads/s/main', 'forkpoint/purge', 'HEAD'] })
    j.append(4, { kind: 'done', group: 2, undone: true })
    const content = parseJournal(disk.readFile(PATH)!)!
    expect(content.owner).toEqual(owner)
    expect(content.records.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4])
    expect(content.records.slice(0, 3).map(({ entry }) => entry)).toEqual([group(0), group(1), group(2)])
    packs.forEach((pack, n) => void expect(Buffer.from(content.records[n]!.pack).equals(pack)).toBe(true))
  })

  it('cut off at any byte has every record that is whole and nothing else', () => {
    const { disk, journal: j } = journal()
    const ends: number[] = []
    for (let n = 0; n < 3; n++) {
      j.append(n, group(n), Buffer.from(`pack ${n}`))
      ends.push(1024 + j.used)
    }
    const whole = disk.readFile(PATH)!
    for (let length = 0; length <= ends[2]!; length++) {
      const expected = ends.filter((end) => end <= length).length
      expect(recordsIn(whole.subarray(0, length)).length).toBe(expected)
      // The same with zeros, as a file that grew before its blocks were written.
      const padded = Buffer.concat([whole.subarray(0, length), Buffer.alloc(ends[2]! - length + 100)])
      expect(recordsIn(padded).length).toBe(expected)
    }
  })

  it('with any byte changed loses the record it is in, and what is behind it', () => {
    const { disk, journal: j } = journal()
    const ends = [1024]
    for (let n = 0; n < 3; n++) {
      j.append(n, group(n), Buffer.from(`pack ${n}`))
      ends.push(1024 + j.used)
    }
    const whole = disk.readFile(PATH)!
    for (let at = 1024; at < ends[3]!; at++) {
      const broken = Buffer.from(whole)
      broken[at]! ^= 1
      const hit = ends.findIndex((end) => at < end) - 1
      expect(recordsIn(broken).map(({ sequence }) => sequence)).toEqual([0, 1, 2].slice(0, hit))
    }
  })

  it('that starts over forgets its records, although their bytes are still there', () => {
    const { disk, journal: j } = journal()
    for (let n = 0; n < 3; n++) j.append(n, group(n), Buffer.from('long enough to stick out'))
    j.restart()
    expect(recordsIn(disk.readFile(PATH)!)).toEqual([])
    j.append(7, { kind: 'done', group: 1 })
    expect(recordsIn(disk.readFile(PATH)!).map(({ sequence }) => sequence)).toEqual([7])
  })

  it('goes on at the last good place after a write that failed', () => {
    const { disk, journal: j } = journal()
    j.append(0, group(0), Buffer.from('one'))
    let writes = 0
    disk.fault = ({ kind }) => {
      if (kind !== 'write') return undefined
      return writes++ === 0 ? { short: 30 } : { error: 'ENOSPC' }
    }
    expect(() => j.append(1, group(1), Buffer.alloc(5000, 1))).toThrow(/ENOSPC/)
    disk.fault = () => undefined
    j.append(1, group(2), Buffer.from('two'))
    expect(recordsIn(disk.readFile(PATH)!).map(({ pack }) => Buffer.from(pack).toString())).toEqual([
      'one',
      'two',
    ])
  })

  it('takes a large pack in pieces, and nothing of it before all is there', async () => {
    const { disk, journal: j } = journal()
    const pack = Buffer.alloc(3_000_000, 'large ')
    j.append(0, group(0), Buffer.from('one'))
    await j.appendLarge(1, group(1), pack)
    j.append(2, { kind: 'done', group: 1 })
    const whole = disk.readFile(PATH)!
    const records = recordsIn(whole)
    expect(records.map(({ sequence, entry }) => [sequence, entry])).toEqual([
      [0, group(0)],
      [1, group(1)],
      [2, { kind: 'done', group: 1 }],
    ])
    expect(pack.equals(records[1]!.pack)).toBe(true)

    for (let failing = 0; failing < 7; failing++) {
      let writes = 0
      disk.fault = ({ kind }) => (kind === 'write' && writes++ === failing ? { error: 'ENOSPC' } : undefined)
      await expect(j.appendLarge(3, group(3), pack)).rejects.toThrow(/ENOSPC/)
      expect(recordsIn(disk.readFile(PATH)!).map(({ sequence }) => sequence)).toEqual([0, 1, 2])
    }
    disk.fault = () => undefined
    await j.appendLarge(4, group(4), pack)
    expect(recordsIn(disk.readFile(PATH)!).map(({ sequence }) => sequence)).toEqual([0, 1, 2, 4])
  })

  it('is none without a whole header', () => {
    const { disk } = journal()
    const whole = disk.readFile(PATH)!
    const end = whole.indexOf('\n')
    for (let at = 0; at <= end; at++) {
      const broken = Buffer.from(whole)
      broken[at]! ^= 1
      expect(parseJournal(broken), `byte ${at}`).toBeUndefined()
      if (at < end) expect(parseJournal(whole.subarray(0, at))).toBeUndefined()
    }
  })
})

describe('an entry', () => {
  it('that names anything outside the store is none', () => {
    const bad = [
      '../x',
      '/etc/passwd',
      'refs/../../x',
      'refs//x',
      'refs/heads/x.lock',
      'config',
      'refs/x\ny',
      'refs/',
    ]
    for (const ref of bad) {
      expect(parseEntry(JSON.stringify({ kind: 'locks', refs: [ref] })), ref).toBeUndefined()
      const moves = [{ ref, from: null, to: ID }]
      expect(parseEntry(JSON.stringify({ ...group(0), moves })), ref).toBeUndefined()
      const symbolic = [{ ref: 'HEAD', from: null, to: ref }]
      expect(parseEntry(JSON.stringify({ ...group(0), symbolic })), ref).toBeUndefined()
    }
    for (const pack of ['../../x', 'A'.repeat(40), 7])
      expect(parseEntry(JSON.stringify({ ...group(0), pack }))).toBeUndefined()
  })

  it('of another shape is none', () => {
    for (const text of ['', 'null', '[]', '7', '{"kind":"group"}', '{"kind":"later"}', '{"kind":"done"}'])
      expect(parseEntry(text), text).toBeUndefined()
    for (const order of [0, -1, 1.5, 2 ** 50, '1', null]) {
      const text = JSON.stringify({ ...group(1), order })
      expect(parseEntry(text), text).toBeUndefined()
    }
  })
})
