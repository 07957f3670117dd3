/** Turns git's progress messages, such as `Counting objects:  50% (1/2)`, into numbers. */
import type { RemoteOptions } from './remote.ts'

/** Returns a function that takes text in pieces. It ignores lines that are not about progress. */
export function textProgress(report: NonNullable<RemoteOptions['onProgress']>): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = `${rest}${text}`.split(/[\r\n]/)
    rest = lines.pop()!.slice(-LONGEST)
    for (const line of lines) {
      const [, phase, done, , total] = PROGRESS.exec(line) ?? []
      if (phase === undefined) continue
      report({
        phase: phase.toLowerCase(),
        done: Number(done),
        ...(total !== undefined && { total: Number(total) }),
      })
    }
  }
}

const PROGRESS = /^([A-Z][a-z ]{1,40}):\s+(?:\d+% \()?(\d{1,12})(\/(\d{1,12}))?/
const LONGEST = 200
