/**
 * A file that remembers content without secrets. It is disposable: if it is missing, stale or damaged, a scan only
 * takes longer.
 */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { CleanMemory } from './scan.ts'

const MOST = 1_000_000

export class CleanFile implements CleanMemory {
  readonly #path: string
  readonly #known: Set<string>
  #grown = false

  /** @param path a file outside of the store that only its user can write; its name depends on all rules */
  constructor(path: string) {
    this.#path = path
    this.#known = read(path)
  }

  has(key: string): boolean {
    return this.#known.has(key)
  }

  add(key: string): void {
    if (this.#known.size >= MOST) this.#known.clear()
    this.#known.add(key)
    this.#grown = true
  }

  /** Writes the file. Ignores a failure. */
  save(): void {
    if (!this.#grown) return
    const bytes = Buffer.from([...this.#known].join(''), 'hex')
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      const temporary = `${this.#path}.${process.pid}`
      writeFileSync(temporary, Buffer.concat([digest(bytes), bytes]), { mode: 0o600 })
      renameSync(temporary, this.#path)
    } catch {
      // The next scan takes longer.
    }
  }
}

function read(path: string): Set<string> {
  try {
    const whole = readFileSync(path)
    const bytes = whole.subarray(32)
    if (!digest(bytes).equals(whole.subarray(0, 32)) || bytes.length % 20 !== 0) return new Set()
    return new Set(bytes.toString('hex').match(/.{40}/g) ?? [])
  } catch {
    return new Set()
  }
}

const digest = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
