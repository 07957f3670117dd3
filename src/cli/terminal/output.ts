/**
 * The output of the command line: data on stdout, everything else on stderr.
 *
 * With `--json`, a single result is one JSON document, and a list is JSON lines with one item each. Nothing else is
 * written, except errors, which are one JSON document on stderr.
 */
import { createInterface } from 'node:readline/promises'
import { StorageError } from '../../errors.ts'
import { beginning } from '../../excerpt.ts'
import { bold, type Line, line, render } from '../../view/terminal/line.ts'
import { tableLines } from '../../view/terminal/table.ts'
import { wrapped } from '../../view/terminal/wrap.ts'
import { visible, visibleJson } from '../../view/visible.ts'
import { knowsLinks, pagerKnowsLinks } from './links.ts'
import { type Pager, pagerCommand, startPager } from './pager.ts'

export interface Streams {
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
}

interface OutputOptions {
  json?: boolean
  env?: Readonly<Record<string, string | undefined>>
}

export class Output {
  readonly json: boolean
  readonly #streams: Streams
  readonly #lost = new Set<NodeJS.WriteStream>()
  #pager: Pager | undefined
  #links: boolean
  #progress: { shown: number; timer: NodeJS.Timeout | undefined; text: string } | undefined

  constructor(streams: Streams, { json = false, env = {} }: OutputOptions = {}) {
    this.json = json
    this.#links = isTerminal(streams.stdout) && knowsLinks(env)
    this.#streams = streams
    // Errors are reported by the write itself.
    for (const stream of [streams.stdout, streams.stderr]) stream.on('error', () => undefined)
  }

  /**
   * Whether the reader has closed stdout (`| head`). Commands that only read stop then; commands that change a store
   * continue.
   */
  get closed(): boolean {
    return this.#lost.has(this.#streams.stdout)
  }

  /** Sends further output through a pager, if stdout is a terminal and the environment wants one. */
  page(env: Readonly<Record<string, string | undefined>>): void {
    const command = pagerCommand(env)
    if (this.json || command === undefined || !isTerminal(this.#streams.stdout)) return
    this.#links &&= pagerKnowsLinks(command, env)
    this.#pager = startPager(command, env)
    // If the user quits the pager early, the reader is gone.
    this.#pager.stdin.on('error', () => undefined)
  }

  /** Waits until the user has quit the pager, if there is one. */
  async finish(): Promise<void> {
    this.endProgress()
    this.#pager?.stdin.end()
    await this.#pager?.closed
  }

  /** Whether a user can be asked. */
  get interactive(): boolean {
    return isTerminal(this.#streams.stdin) && isTerminal(this.#streams.stderr)
  }

  /** Writes a line of data for people. */
  line(text: Line): Promise<undefined> {
    return this.#write(this.#streams.stdout, this.#shown(text))
  }

  /** Writes many lines of data for people at once. Stops early if the reader is gone. */
  async lines(all: Iterable<Line>): Promise<undefined> {
    const { stdout } = this.#streams
    let text = ''
    for (const one of all) {
      text += this.#shown(one)
      if (text.length < PIECE) continue
      await this.#write(stdout, text)
      if (this.closed) return
      text = ''
    }
    if (text !== '') await this.#write(stdout, text)
  }

  /** Writes the JSON document of the command. */
  document(value: unknown): Promise<undefined> {
    return this.#write(this.#streams.stdout, `${visibleJson(JSON.stringify(value, null, 2))}\n`)
  }

  /** Writes one item of a list, as a line of JSON. */
  item(value: unknown): Promise<undefined> {
    return this.#write(this.#streams.stdout, `${visibleJson(JSON.stringify(value))}\n`)
  }

  /** Writes a result: with `--json` as a document, else as lines, with notes about it. */
  async report(document: unknown, lines: Iterable<Line>, notes: Iterable<Line> = []): Promise<undefined> {
    if (this.json) return this.document(document)
    await this.lines(lines)
    for (const text of notes) await this.note(text)
  }

  /**
   * Writes a list: with `--json` a line of JSON per item, else a row of aligned cells. Returns the number of items.
   *
   * @param head cells above the rows
   * @param spare columns that a narrow terminal can do without, as in `tableLines`
   */
  async list<T>(
    items: Iterable<T> | AsyncIterable<T>,
    row: (item: T) => readonly Line[],
    { head, spare }: { head?: readonly Line[]; spare?: readonly number[] } = {},
  ): Promise<number> {
    const rows: (readonly Line[])[] = []
    let count = 0
    for await (const item of items) {
      if (this.closed) break
      count++
      if (this.json) await this.item(item)
      else rows.push(row(item))
    }
    await this.lines(this.table(head === undefined || rows.length === 0 ? rows : [head, ...rows], spare))
    return count
  }

  /** Aligns rows of cells. On a terminal, no row is wider than it. */
  table(rows: readonly (readonly Line[])[], spare?: readonly number[]): Line[] {
    const { stdout } = this.#streams
    return tableLines(rows, isTerminal(stdout) ? stdout.columns || 80 : undefined, spare)
  }

  /** Writes bytes unchanged; on a terminal, writes harmless text instead. */
  async exact(bytes: Uint8Array): Promise<undefined> {
    if (!isTerminal(this.#streams.stdout)) return this.#write(this.#streams.stdout, bytes)
    const lines = Buffer.from(bytes).toString('utf8').split('\n')
    await this.#write(this.#streams.stdout, lines.map(visible).join('\n'))
  }

  /** Writes a note for people. Left out with `--json`, where the data has it. */
  async note(text: Line): Promise<undefined> {
    if (!this.json) await this.#say(text)
  }

  /** Writes a problem, with `--json` as one JSON document. */
  async problem(text: readonly Line[], data: unknown): Promise<undefined> {
    if (this.json) await this.#write(this.#streams.stderr, `${visibleJson(JSON.stringify(data, null, 2))}\n`)
    else for (const one of text) await this.#say(one)
  }

  /** Asks a yes-no question on the terminal; no answer means no. Only if the output is `interactive`. */
  async ask(question: string): Promise<boolean> {
    this.endProgress()
    const { stdin: input, stderr: output } = this.#streams
    const reader = createInterface({ input, output })
    const silence = new Promise<string>((resolve) => reader.once('close', () => resolve('')))
    try {
      const prompt = render(line`${bold(question)} [y/N] `, hasColours(output))
      return /^\s*y(?:es)?\s*$/i.test(await Promise.race([reader.question(prompt), silence]))
    } finally {
      reader.close()
    }
  }

  /** Shows the progress of long work on one line that is overwritten, on a terminal only. */
  progress(text: string): void {
    const { stderr } = this.#streams
    if (this.json || !isTerminal(stderr)) return
    this.#progress ??= { shown: 0, timer: undefined, text }
    this.#progress.text = text
    const wait = this.#progress.shown + 100 - Date.now()
    if (wait <= 0) this.#draw()
    else this.#progress.timer ??= setTimeout(() => this.#draw(), wait).unref()
  }

  /** Returns a function that shows the progress of a verb's work. */
  phases(verb?: string): (progress: { phase: string; done: number; total?: number }) => void {
    const name = verb === undefined ? '' : `${verb}: `
    return ({ phase, done, total }) =>
      this.progress(`${name}${phase} ${done}${total === undefined ? '' : ` of ${total}`}`)
  }

  /** Removes the line of progress, as every output does. */
  endProgress(): void {
    if (this.#progress === undefined) return
    clearTimeout(this.#progress.timer)
    if (this.#progress.shown > 0) this.#streams.stderr.write(`\r${ERASE_LINE}`)
    this.#progress = undefined
  }

  /** Formats a line. On a terminal, a line that is too long is wrapped. */
  #shown(text: Line): string {
    const { stdout } = this.#streams
    const lines = isTerminal(stdout) ? wrapped(text, stdout.columns || 80) : [text]
    const colours = hasColours(stdout)
    return lines.map((one) => `${render(one, colours, this.#links)}\n`).join('')
  }

  #draw(): void {
    const { stderr } = this.#streams
    if (this.#progress === undefined) return
    clearTimeout(this.#progress.timer)
    this.#progress.timer = undefined
    this.#progress.shown = Date.now()
    const width = (stderr.columns || 80) - 1
    stderr.write(`\r${beginning(visible(this.#progress.text), width)}${ERASE_LINE}`)
  }

  #say(text: Line): Promise<undefined> {
    return this.#write(this.#streams.stderr, `${render(text, hasColours(this.#streams.stderr))}\n`)
  }

  async #write(stream: NodeJS.WriteStream, chunk: string | Uint8Array): Promise<undefined> {
    this.endProgress()
    if (this.#lost.has(stream)) return
    await new Promise<void>((resolve, reject) => {
      const target = stream === this.#streams.stdout ? (this.#pager?.stdin ?? stream) : stream
      target.write(chunk, (error?: NodeJS.ErrnoException | null) => {
        if (error == null) return resolve()
        this.#lost.add(stream)
        if (GONE.includes(error.code ?? '')) return resolve()
        const where = stream === this.#streams.stdout ? 'the output' : 'stderr'
        const { code: errno = 'unknown' } = error
        reject(new StorageError(`Writing ${where} failed (${errno}).`, { errno }, { cause: error }))
      })
    })
  }
}

/** Errors if the reader is gone, or the terminal was closed. */
const GONE = ['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']

/** Characters that are written at once. */
const PIECE = 32 * 1024

const ERASE_LINE = '\u001b[K'

const isTerminal = (stream: { isTTY?: boolean }): boolean => stream.isTTY === true

/** Whether it is a terminal with colours, and NO_COLOR is not set. */
const hasColours = (stream: NodeJS.WriteStream): boolean =>
  isTerminal(stream) && typeof stream.hasColors === 'function' && stream.hasColors()
