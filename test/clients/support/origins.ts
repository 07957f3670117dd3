/** Sessions that are to go on elsewhere: made by the real tools just now, real ones beside the repository, made-up ones. */
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import {
  conversationOf,
  IMPORTERS,
  type Importer,
  importFile,
  importSession,
} from '../../../src/importers/index.ts'
import { MemorySessionStore } from '../../../src/store/memory/memory-session-store.ts'
import { realFiles } from '../../importers/real-files.ts'
import { SAMPLES } from '../../importers/samples.ts'
import { CLIENTS } from '../tools/index.ts'
import { runPrompt } from './answers.ts'
import { Work } from './work.ts'

export interface Origin {
  tool: Importer
  /** How the session came to be, for the name of the test. */
  what: string
  /** A new store with the session in it. */
  load(): Promise<{ store: MemorySessionStore; session: string }>
}

/** Of the tool, a new one for each test file: a prompt, a call of the shell with its result, an answer. */
export function madeOrigins(): Origin[] {
  return CLIENTS.filter(({ program }) => program !== undefined).map((client): Origin => {
    const tool = IMPORTERS.find(({ name }) => name === client.name) as Importer
    let made: Promise<string> | undefined
    return {
      tool,
      what: `made by ${tool.title}`,
      load() {
        made ??= Work.begin(client).then(async (work) => {
          await work.ask(runPrompt('echo a line of the shell'))
          return work.file()
        })
        return made.then((path) => loaded(tool, path))
      },
    }
  })
}

/** Larger sessions do not fit into what models take, so tools shorten them. */
const LARGEST = 800_000

export async function realOrigins(): Promise<Origin[]> {
  const files = (await realFiles()).filter(
    ({ name, path }) => !name.includes('growth') && statSync(path).size < LARGEST,
  )
  const origins: Origin[] = []
  for (const { tool, path, name } of files) {
    const { store, session } = await loaded(tool, path)
    const state = await store.load(session)
    if (state === undefined || conversationOf(state).utterances.length < 2) continue
    origins.push({ tool, what: basename(name), load: () => loaded(tool, path) })
  }
  return origins
}

export function sampleOrigins(): Origin[] {
  return SAMPLES.map(({ tool, name, entries, document }) => ({
    tool,
    what: `made up, ${name}`,
    async load() {
      const store = new MemorySessionStore()
      const lines = document === undefined ? [...entries] : document(entries).replace(/\n$/, '').split('\n')
      const { session } = await importSession(tool, { name, lines }, store)
      return { store, session }
    },
  }))
}

async function loaded(tool: Importer, path: string) {
  const store = new MemorySessionStore()
  for await (const { session } of importFile(tool, path, store, { redact: false })) return { store, session }
  throw new Error(`There is no session in ${path}`)
}
