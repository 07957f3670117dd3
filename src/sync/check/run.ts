/** Tries the promises one after another, and deletes the refs of the check. */
import { performance } from 'node:perf_hooks'
import { CorruptError, RemoteError } from '../../errors.ts'
import { locationOf } from '../../git/wire/native/location.ts'
import { withoutPassword } from '../connect.ts'
import { hasCode } from '../planning/names.ts'
import type { CheckOptions, RemoteCheck, TriedPromise } from './report.ts'
import { Scratch } from './scratch.ts'
import { NotKeptError, NotTriedError, TRIALS, type Tried } from './trials.ts'

/** Runs a check; see `checkRemote`. */
export async function runCheck(url: string, options: CheckOptions): Promise<RemoteCheck> {
  const { mapped, size = 2 << 20, onProgress, ...rest } = options
  const { kind: transport } = locationOf(url)
  const scratch = new Scratch(url, rest)
  const promises: TriedPromise[] = []
  let left: string[] = []
  try {
    await scratch.open()
    // Throws here if the server refuses access.
    const { refs } = await scratch.remote.refs(['refs/'], rest)
    scratch.isMapped = mapped ?? hasCode(refs.keys())
    // The trial of the first branch reports any error.
    if (refs.size === 0 && !scratch.isMapped) await scratch.begin().catch(passOver)
    const tried: Tried = { scratch, refs: refs.size, size, line: [], kept: new Set() }
    try {
      for (const [n, trial] of TRIALS.entries()) {
        onProgress?.({ phase: `trying '${trial.name}'`, done: n, total: TRIALS.length })
        promises.push(await tryOne(trial, tried))
      }
    } finally {
      left = await scratch.cleanUp()
    }
  } finally {
    await scratch.close()
  }
  const ok = promises.every(({ needed, holds }) => !needed || holds === true)
  return { url: withoutPassword(url), transport, ok, promises, left }
}

async function tryOne(trial: (typeof TRIALS)[number], tried: Tried): Promise<TriedPromise> {
  const { name, promise, needed = false, otherwise, run, after = [] } = trial
  const told = { name, promise, needed }
  const before = after.find((one) => !tried.kept.has(one))
  if (before !== undefined)
    return { ...told, holds: undefined, note: `Not tried, since '${before}' does not hold.` }
  const times: number[] = []
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const start = performance.now()
    const result = await work()
    times.push(performance.now() - start)
    return result
  }
  const time = () => (times.length === 0 ? {} : { milliseconds: median(times) })
  try {
    const note = await run(tried, timed)
    tried.kept.add(name)
    return { ...told, holds: true, ...time(), ...(note !== undefined && { note }) }
  } catch (error) {
    if (error instanceof NotTriedError) return { ...told, holds: undefined, note: error.message }
    if (
      !(error instanceof NotKeptError || error instanceof RemoteError || error instanceof CorruptError) ||
      tried.scratch.options.signal?.aborted
    )
      throw error
    const words = [error.message, otherwise].filter((text) => text !== undefined && text !== '').join(' ')
    return { ...told, holds: false, ...time(), note: words }
  }
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b)
  return Math.round(sorted[sorted.length >> 1]! * 10) / 10
}

function passOver(error: unknown): void {
  if (!(error instanceof RemoteError)) throw error
}
