/** A memory of what holds no secret, as a file. It is disposable: missing, stale or damaged, it only costs time. */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { CleanMemory } from './scan.ts'

const MOST = 1_000_000

export class CleanFile implements CleanMemory {
  readonly #path: string
  readonly #known: Set<string>
  #grown = false

  /** @param path of a file that only its user can write, outside of the store; named after all rules */
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

  /** Writes what is known now. What cannot be written is forgotten. */
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
