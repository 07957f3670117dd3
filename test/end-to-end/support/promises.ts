/** What processes were promised, and what of it must be so: from notes on when each began something and was answered. */

export interface Note {
  /** One for each thing that was begun. */
  n?: string
  begins?: string
  value?: string
  ends?: boolean
  id?: string
  /** What should not happen at all. */
  error?: string
}

interface Attempt {
  what: string
  value: string
  begun: number
  /** When it was answered; infinite while it was not. */
  ended: number
  granted: boolean
  id: string | undefined
}

export class Promises {
  private readonly attempts = new Map<string, Attempt>()
  private time = 0
  readonly errors: string[] = []
  granted = 0

  note({ n = '', begins, value = '', ends, id, error }: Note): void {
    this.time++
    if (error !== undefined) this.errors.push(error)
    if (begins !== undefined) {
      const never = Number.POSITIVE_INFINITY
      this.attempts.set(n, {
        what: begins,
        value,
        begun: this.time,
        ended: never,
        granted: false,
        id: undefined,
      })
    }
    const attempt = this.attempts.get(n)
    if (ends === undefined || attempt === undefined) return
    attempt.ended = this.time
    attempt.granted = ends
    attempt.id = id
    if (ends) this.granted++
  }

  /** Everything that was ever set, and the values that it may have: of attempts that no later one was granted after. */
  allowed(): Map<string, Set<string>> {
    const all = [...this.attempts.values()]
    const allowed = new Map<string, Set<string>>()
    for (const what of new Set(all.map((one) => one.what))) {
      const attempts = all.filter((one) => one.what === what)
      const granted = attempts.filter((one) => one.granted)
      const isOver = (one: Attempt): boolean => granted.some((later) => later.begun > one.ended)
      const values = attempts.filter((one) => !isOver(one)).map(({ value }) => value)
      allowed.set(what, new Set(granted.length > 0 ? values : [...values, ...BEFORE]))
    }
    return allowed
  }

  /** Checkpoints that must be on a line: all that were granted there, and that nothing has taken away since. */
  kept(): { what: string; id: string }[] {
    const all = [...this.attempts.values()]
    return all.flatMap(({ what, id, granted, begun }) => {
      if (!granted || id === undefined) return []
      const isTaken = all.some(
        (other) => other.what === what && other.value === 'gone' && other.ended > begun,
      )
      return isTaken ? [] : [{ what, id }]
    })
  }
}

/** What may be there before anything was set; `main` is the branch that is active then. */
const BEFORE = ['gone', 'main']
