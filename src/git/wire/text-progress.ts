/** Turns git's progress messages, such as `Counting objects:  50% (1/2)`, into numbers. */
import type { RemoteOptions } from './remote.ts'

export class TextProgress {
  readonly #report: NonNullable<RemoteOptions['onProgress']>
  #rest = ''

  constructor(report: NonNullable<RemoteOptions['onProgress']>) {
    this.#report = report
  }

  /** Takes text in pieces. Ignores lines that are not about progress. */
  take(text: string): void {
    const lines = `${this.#rest}${text}`.split(/[\r\n]/)
    this.#rest = lines.pop()!.slice(-LONGEST)
    for (const line of lines) {
      const [, phase, done, , total] = PROGRESS.exec(line) ?? []
      if (phase === undefined) continue
      this.#report({
        phase: phase.toLowerCase(),
        done: Number(done),
        ...(total !== undefined && { total: Number(total) }),
      })
    }
  }
}

const PROGRESS = /^([A-Z][a-z ]{1,40}):\s+(?:\d+% \()?(\d{1,12})(\/(\d{1,12}))?/
const LONGEST = 200
