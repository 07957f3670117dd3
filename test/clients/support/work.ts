/** A real tool at work in a home folder of its own, beside a model of the tests. */
import { join } from 'node:path'
import { filesOf } from '../../../src/importers/core/folder.ts'
import { foldersOf, IMPORTERS, type Importer } from '../../../src/importers/index.ts'
import { ModelServer } from '../../support/model-server.mjs'
import { answersOf } from './answers.ts'
import { arrivedIn, type Item } from './arrived.ts'
import type { Client, Place, Resumed } from './client.ts'
import { atEnd, newPlace, type Output, runTool } from './running.ts'

export class Work {
  readonly place: Place = newPlace()
  readonly tool: Importer
  readonly model: ModelServer
  readonly #client: Client
  readonly #environment: Record<string, string>

  private constructor(client: Client, model: ModelServer) {
    this.#client = client
    this.model = model
    this.tool = IMPORTERS.find(({ name }) => name === client.name) as Importer
    this.#environment = client.configure(this.place, model.url)
  }

  static async begin(client: Client): Promise<Work> {
    const model = await ModelServer.start(answersOf(client), { strict: false })
    atEnd(() => model.close())
    return new Work(client, model)
  }

  run(args: readonly string[]): Promise<Output> {
    return runTool([...(this.#client.program ?? []), ...args], this.place, this.#environment)
  }

  ask(prompt: string): Promise<Output> {
    return this.run(this.#client.ask(prompt))
  }

  /** Asks in a session that was written for the tool. Returns the history that came with the prompt. */
  async askIn(session: Resumed, prompt: string): Promise<Item[]> {
    const { before, askIn } = this.#client
    if (before !== undefined) await this.run(before(session))
    const earlier = this.model.requests.length
    const { stdout, stderr } = await this.run(askIn(session, prompt))
    const asked = this.model.requests.slice(earlier).map(arrivedIn)
    const found = asked.find((items) =>
      items.some((item) => item.kind === 'text' && item.text.includes(prompt)),
    )
    if (found === undefined) throw new Error(`The model was not asked.\n${stdout}\n${stderr}`)
    return asked.filter((items) => items.length >= found.length).at(-1) as Item[]
  }

  /** The file of the only session that the tool has made. */
  async file(): Promise<string> {
    const { list, print } = this.#client
    if (list !== undefined && print !== undefined) {
      const { stdout } = await this.run(list)
      return this.#print((JSON.parse(stdout) as { id: string }[])[0]?.id ?? '')
    }
    const [path] = await this.#files()
    if (path === undefined) throw new Error(`${this.tool.title} has kept no session`)
    return path
  }

  /** The files of the tool after it went on with a session. Gemini CLI may have moved the one that was written. */
  async filesAfter(session: Resumed): Promise<string[]> {
    const { print, idOf } = this.#client
    return print === undefined ? this.#files() : [await this.#print(idOf?.(session) ?? session.id)]
  }

  async #files(): Promise<string[]> {
    const found: string[] = []
    for (const folder of foldersOf(this.tool, this.place.home, {}))
      for await (const { path } of filesOf(this.tool, folder)) found.push(path)
    return found
  }

  async #print(id: string): Promise<string> {
    const path = join(this.place.home, `${id}.json`)
    // opencode ends before a pipe has taken all of a long session.
    const program = [...(this.#client.program ?? []), ...(this.#client.print?.(id) ?? [])]
    await runTool(['sh', '-c', `"$@" > "$0"`, path, ...program], this.place, this.#environment)
    return path
  }
}
