/** Masks the secrets of a configuration in everything that is shown or saved. */
import { SecretFinder } from './finder.ts'
import { MASK, MaskedStream, maskedText } from './stream.ts'

/** Shorter ones are words like `local` or `none`, used as keys of local servers. */
const SHORTEST = 8

/**
 * Masks every known secret, and every piece that is long enough to be useful, in texts and in the strings of values.
 * Mask before cutting, because a cut leaves pieces.
 */
export class Scrubber {
  readonly #finder: SecretFinder

  constructor(secrets: readonly string[]) {
    const forms = secrets
      .filter((secret) => secret.length >= SHORTEST)
      // `Bearer abc` as a header also makes `abc` a secret.
      .flatMap((secret) => [secret, ...secret.split(/\s+/).filter((part) => part.length >= SHORTEST)])
    this.#finder = new SecretFinder(
      forms.flatMap((form) => [
        form,
        encodeURIComponent(form.toWellFormed()),
        JSON.stringify(form).slice(1, -1),
      ]),
    )
  }

  text(text: string): string {
    return maskedText(text, this.#finder.ranges(text))
  }

  /**
   * Returns the same value if there is nothing to mask. The texts of parts in one list are masked as if they were one
   * text.
   */
  value<T>(value: T): T {
    return this.#finder.isEmpty ? value : (this.#deep(value) as T)
  }

  /** Whether the text holds a secret. */
  hides(text: string): boolean {
    return this.#finder.ranges(text).length > 0
  }

  /** Masks a text that comes in pieces. */
  stream(): MaskedStream {
    return new MaskedStream(this.#finder)
  }

  #deep(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return this.#partsOf(value).map((item) => this.#deep(item))
    if (!isPlain(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.#deep(item)]))
  }

  /** A secret may begin in one part of a message and end in the next part of the same type. */
  #partsOf(items: readonly unknown[]): readonly unknown[] {
    const places = new Map<unknown, number[]>()
    for (const [index, item] of items.entries()) {
      if (!isPlain(item) || typeof item.text !== 'string') continue
      const same = places.get(item.type)
      if (same === undefined) places.set(item.type, [index])
      else same.push(index)
    }
    const masked = [...items]
    for (const indexes of places.values()) {
      if (indexes.length < 2) continue
      const parts = indexes.map((index) => items[index] as { text: string })
      for (const [at, text] of this.#joined(parts.map(({ text }) => text)).entries()) {
        masked[indexes[at]!] = { ...parts[at], text }
      }
    }
    return masked
  }

  /** The mask goes into the part in which the secret begins. */
  #joined(texts: readonly string[]): readonly string[] {
    const ranges = this.#finder.ranges(texts.join(''))
    let from = 0
    return texts.map((text) => {
      const [start, end] = [from, from + text.length]
      from = end
      let out = ''
      let at = start
      for (const range of ranges) {
        if (range.end <= start || range.start >= end) continue
        out += text.slice(at - start, Math.max(0, range.start - start)) + (range.start >= start ? MASK : '')
        at = Math.min(end, range.end)
      }
      return out + text.slice(at - start)
    })
  }
}

const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) return false
  const proto = Object.getPrototypeOf(value)
  return proto === Object.prototype || proto === null
}
