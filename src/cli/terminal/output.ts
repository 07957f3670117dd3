/**
 * Where the command line writes: data to stdout, all else to stderr.
 *
 * With `--json`, what is one thing is one JSON document, and what is a list is JSON lines, one item each; nothing else
 * is written, except errors, which are one JSON document on stderr.
 */
import { createInterface } from 'node:readline/promises'
import { StorageError } from '../../errors.ts'
import { beginning } from '../../excerpt.ts'
import { bold, type Line, line, render } from '../../view/terminal/line.ts'
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
    // What went wrong is told to the write itself.
    for (const stream of [streams.stdout, streams.stderr]) stream.on('error', () => undefined)
  }

  /** Whether nobody reads any more (`| head`). What only reads stops then; what changes a store goes on. */
  get closed(): boolean {
    return this.#lost.has(this.#streams.stdout)
  }

  /** What follows goes through a pager, if stdout is a terminal and the caller wants one. */
  page(env: Readonly<Record<string, string | undefined>>): void {
    const command = pagerCommand(env)
    if (this.json || command === undefined || !isTerminal(this.#streams.stdout)) return
    this.#links &&= pagerKnowsLinks(command, env)
    this.#pager = startPager(command, env)
    // Left early, it is a reader that has gone.
    this.#pager.stdin.on('error', () => undefined)
  }

  /** Waits until the reader has left the pager, if there is one. */
  async finish(): Promise<void> {
    this.endProgress()
    this.#pager?.stdin.end()
    await this.#pager?.closed
  }

  /** Whether there is somebody to ask. */
  get interactive(): boolean {
    return isTerminal(this.#streams.stdin) && isTerminal(this.#streams.stderr)
  }

  /** A line of data for people. */
  line(text: Line): Promise<void> {
    return this.#write(this.#streams.stdout, this.#shown(text))
  }

  /** Many lines of data for people, written together. Stops early when nobody reads any more. */
  async lines(all: Iterable<Line>): Promise<void> {
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

  /** The one JSON document of this command. */
  document(value: unknown): Promise<void> {
    return this.#write(this.#streams.stdout, `${visibleJson(JSON.stringify(value, null, 2))}\n`)
  }

  /** One item of a list, as a line of JSON. */
  item(value: unknown): Promise<void> {
    return this.#write(this.#streams.stdout, `${visibleJson(JSON.stringify(value))}\n`)
  }

  /** Data that has to arrive as it is; on a terminal it is shown harmlessly instead. */
  async exact(bytes: Uint8Array): Promise<void> {
    if (!isTerminal(this.#streams.stdout)) return this.#write(this.#streams.stdout, bytes)
    const lines = Buffer.from(bytes).toString('utf8').split('\n')
    await this.#write(this.#streams.stdout, lines.map(visible).join('\n'))
  }

  /** Something that is good to know. Left out with `--json`, where it stands in the data. */
  async note(text: Line): Promise<void> {
    if (!this.json) await this.#say(text)
  }

  /** A problem, in one JSON document if that is what the caller reads. */
  async problem(text: readonly Line[], data: unknown): Promise<void> {
    if (this.json) await this.#write(this.#streams.stderr, `${visibleJson(JSON.stringify(data, null, 2))}\n`)
    else for (const one of text) await this.#say(one)
  }

  /** Asks on the terminal; no answer is a no. Only where the output is `interactive`. */
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

  /** How far long work is: one line that is written over, on a terminal only. */
  progress(text: string): void {
    const { stderr } = this.#streams
    if (this.json || !isTerminal(stderr)) return
    this.#progress ??= { shown: 0, timer: undefined, text }
    this.#progress.text = text
    const wait = this.#progress.shown + 100 - Date.now()
    if (wait <= 0) this.#draw()
    else this.#progress.timer ??= setTimeout(() => this.#draw(), wait).unref()
  }

  /** Takes the line of progress away. */
  endProgress(): void {
    if (this.#progress === undefined) return
    clearTimeout(this.#progress.timer)
    if (this.#progress.shown > 0) this.#streams.stderr.write(`\r${ERASE_LINE}`)
    this.#progress = undefined
  }

  /** On a terminal, a line that is too long goes on below. */
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

  #say(text: Line): Promise<void> {
    return this.#write(this.#streams.stderr, `${render(text, hasColours(this.#streams.stderr))}\n`)
  }

  async #write(stream: NodeJS.WriteStream, chunk: string | Uint8Array): Promise<void> {
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

/** Nobody reads any more, or the terminal was closed. */
const GONE = ['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']

/** So many characters are written at once. */
const PIECE = 32 * 1024

const ERASE_LINE = '\u001b[K'

const isTerminal = (stream: { isTTY?: boolean }): boolean => stream.isTTY === true

/** On a terminal that has them, unless NO_COLOR says otherwise. */
const hasColours = (stream: NodeJS.WriteStream): boolean =>
  isTerminal(stream) && typeof stream.hasColors === 'function' && stream.hasColors()
