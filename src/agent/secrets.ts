/** Keeps the secrets of a configuration out of everything that is shown or saved. */

/** Shorter ones are words like `local` or `none`, which local servers are given as keys. */
const SHORTEST = 8
const MASK = '[secret]'

/** Replaces every known secret in texts and in the strings of values. */
export class Scrubber {
  readonly #pattern: RegExp | undefined

  constructor(secrets: readonly string[]) {
    const forms = secrets
      .filter((secret) => secret.length >= SHORTEST)
      // `Bearer abc` as a header hides the abc as well.
      .flatMap((secret) => [secret, ...secret.split(/\s+/).filter((part) => part.length >= SHORTEST)])
    const unique = [...new Set(forms.flatMap((form) => [form, encodeURIComponent(form.toWellFormed())]))]
    const longestFirst = unique.sort((a, b) => b.length - a.length)
    if (longestFirst.length > 0) this.#pattern = new RegExp(longestFirst.map(quoted).join('|'), 'g')
  }

  text(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, MASK)
  }

  /** The value itself where there is nothing to hide. */
  value<T>(value: T): T {
    return this.#pattern === undefined ? value : (this.#deep(value) as T)
  }

  /** Whether the text holds a secret. */
  hides(text: string): boolean {
    return this.text(text) !== text
  }

  #deep(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.#deep(item))
    if (typeof value !== 'object' || value === null) return value
    const proto = Object.getPrototypeOf(value)
    if (proto !== Object.prototype && proto !== null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.#deep(item)]))
  }
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
