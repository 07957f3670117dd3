/** `glob` and `grep`. */
import { dirname, relative, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import * as z from 'zod'
import { beginning } from '../../excerpt.ts'
import { PathPattern } from '../permissions/path-pattern.ts'
import { filesBelow, isFolder, textOf } from './files.ts'
import { ToolFailure } from './outcome.ts'
import { defineTool, ok } from './tool.ts'

const MATCHES = 500
/** Most milliseconds for a regular expression in one file, and for a glob on all names. */
const PATIENCE = 5000
/** Milliseconds after which comparing names yields to the event loop. */
const TURN = 20

const path = z.string().min(1).optional().describe('Folder to look in, relative to the workspace')

export const glob = defineTool({
  description: 'Finds files by a pattern such as src/**/*.ts.',
  inputSchema: z.object({ pattern: z.string().min(1), path }),
  parallel: true,
  subject: 'path',
  async run({ pattern, path = '.' }, { workspace, signal }) {
    const folder = await workspace.locate(path)
    const filter = new NameFilter(pattern, signal)
    const found: string[] = []
    for await (const name of filesBelow(folder, signal)) {
      if (!(await filter.fits(name))) continue
      if (found.length >= MATCHES) {
        found.push(`[… more than ${MATCHES} files; narrow the pattern …]`)
        break
      }
      found.push(path === '.' ? name : `${path.replace(/\/$/, '')}/${name}`)
    }
    return ok(found.length === 0 ? 'No file fits.' : found.join('\n'))
  },
})

export const grep = defineTool({
  description: 'Finds lines by a regular expression (JavaScript), as file:line:text.',
  inputSchema: z.object({
    pattern: z.string().min(1),
    path: path.describe('File or folder to look in, relative to the workspace'),
    glob: z.string().min(1).optional().describe('Only in matching files, such as *.ts'),
    ignoreCase: z.boolean().optional(),
  }),
  parallel: true,
  subject: 'path',
  async run({ pattern, path = '.', glob: only, ignoreCase = false }, { workspace, signal, mayRead }) {
    const real = await workspace.locate(path)
    const flags = ignoreCase ? 'iu' : 'u'
    patternOf(() => new RegExp(pattern, flags))
    const filter = only === undefined ? undefined : new NameFilter(only, signal)
    const folder = (await isFolder(real)) ? real : dirname(real)
    const names = folder === real ? filesBelow(folder, signal) : [relative(folder, real)]
    const base = relative(await workspace.locate('.'), folder)
      .split(sep)
      .join('/')
    const found: string[] = []
    const matcher = new Matcher(pattern, flags)
    try {
      for await (const name of names) {
        if (filter !== undefined && !(await filter.fits(name))) continue
        const file = base === '' ? name : `${base}/${name}`
        if (!mayRead(file)) continue
        const text = await textOf(workspace, file).catch(() => undefined)
        if (text === undefined) continue
        for (const { line, content } of await matcher.lines(text, signal)) {
          found.push(`${file}:${line}:${beginning(content, 500)}`)
        }
        if (found.length >= MATCHES) {
          found.splice(MATCHES, found.length, `[… more than ${MATCHES} lines; narrow the pattern …]`)
          break
        }
      }
    } finally {
      await matcher.close()
    }
    return ok(found.length === 0 ? 'No line fits.' : found.join('\n'))
  },
})

function patternOf<Pattern>(make: () => Pattern): Pattern {
  try {
    return make()
  } catch (error) {
    throw new ToolFailure(`this is not a valid pattern: ${(error as Error).message}`)
  }
}

/** Compares names with a pattern from the model, in slices and for a limited time. */
class NameFilter {
  readonly #pattern: PathPattern
  readonly #signal: AbortSignal
  #spent = 0
  #turn = performance.now()

  constructor(glob: string, signal: AbortSignal) {
    this.#pattern = patternOf(() => new PathPattern(glob))
    this.#signal = signal
  }

  async fits(name: string): Promise<boolean> {
    const start = performance.now()
    const fits = this.#pattern.fits(name)
    const end = performance.now()
    this.#spent += end - start
    if (this.#spent > PATIENCE) throw tooSlow()
    if (end - this.#turn > TURN) {
      await setImmediate()
      this.#signal.throwIfAborted()
      this.#turn = performance.now()
    }
    return fits
  }
}

const tooSlow = (): ToolFailure =>
  new ToolFailure(`the pattern took longer than ${PATIENCE} ms; make it simpler`)

interface Line {
  line: number
  content: string
}

/** Searches lines in a separate thread, because a regular expression can run forever. */
class Matcher {
  readonly #pattern: string
  readonly #flags: string
  #worker: Worker | undefined

  constructor(pattern: string, flags: string) {
    this.#pattern = pattern
    this.#flags = flags
  }

  lines(text: string, signal: AbortSignal): Promise<Line[]> {
    const worker = this.#start()
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        worker.off('message', found)
        worker.off('error', failed)
        settle()
      }
      const abort = () => end(() => reject(signal.reason))
      const found = (lines: Line[]) => end(() => resolve(lines))
      // A pattern can be too large for the engine or for the thread's memory.
      const failed = ({ message }: Error) =>
        end(() => reject(new ToolFailure(`the pattern failed: ${message}`)))
      const timer = setTimeout(() => {
        end(() => reject(tooSlow()))
      }, PATIENCE)
      worker.once('message', found)
      worker.once('error', failed)
      signal.addEventListener('abort', abort, { once: true })
      worker.postMessage(text)
    })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #start(): Worker {
    this.#worker ??= new Worker(WORKER, {
      eval: true,
      workerData: { pattern: this.#pattern, flags: this.#flags, most: MATCHES },
    })
    return this.#worker
  }
}

const WORKER = `
const { parentPort, workerData } = require('node:worker_threads')
const pattern = new RegExp(workerData.pattern, workerData.flags)
parentPort.on('message', (text) => {
  const found = []
  const lines = text.split('\\n')
  for (let i = 0; i < lines.length && found.length <= workerData.most; i++) {
    if (pattern.test(lines[i])) found.push({ line: i + 1, content: lines[i] })
  }
  parentPort.postMessage(found)
})
`
