/** Real tools resume what forkpoint writes: the whole history reaches their model, calls with their results. */
import { describe, expect, test } from 'vitest'
import { continueWith, conversationOf, IMPORTERS, importFile } from '../../src/importers/index.ts'
import type { Session } from '../../src/state/index.ts'
import { unpaired } from './support/arrived.ts'
import { missingFrom } from './support/carried.ts'
import type { Client } from './support/client.ts'
import { madeOrigins, type Origin, realOrigins, sampleOrigins } from './support/origins.ts'
import { Work } from './support/work.ts'
import { CLIENTS } from './tools/index.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Of the table in the docs. */
    cell?: { from: string; to: string; version: string }
  }
}

const made = madeOrigins()
const others = [...sampleOrigins(), ...(await realOrigins())]
const QUESTION = 'What did the shell say?'
/** Milliseconds after which no test begins, as `FORKPOINT_CLIENTS_SECONDS` says. */
const TIME = Number(process.env.FORKPOINT_CLIENTS_SECONDS ?? 3600) * 1000
const isAll = process.env.FORKPOINT_CLIENTS === 'all'

for (const client of CLIENTS) {
  describe(client.name, () => {
    if (client.program === undefined) {
      console.warn(`SKIPPED: ${client.name} could not be installed for this system.`)
      test.skip('resumes sessions (could not be installed)', () => {})
      return
    }
    for (const origin of originsFor(client))
      test.concurrent(`resumes a session of ${origin.tool.title}, ${origin.what}`, ({ task, skip }) => {
        if (performance.now() > TIME) skip('SKIPPED: there is no time left.')
        const to = IMPORTERS.find(({ name }) => name === client.name)?.title ?? ''
        task.meta.cell = { from: origin.tool.title, to, version: client.version }
        return resume(client, origin)
      })
  })
}

async function resume(client: Client, { tool, load }: Origin): Promise<void> {
  const { store, session } = await load()
  const work = await Work.begin(client)
  const { place } = work
  const written = await continueWith(work.tool, store, session, { ...place, environment: {} })
  const items = await work.askIn(written, QUESTION)
  const meant = conversationOf((await store.load(session)) as Session)
  const isOwn = tool.name === client.name
  expect(unpaired(items, isOwn && client.repeatsResults)).toEqual([])
  expect(missingFrom(items, meant, client.renamed)).toBeUndefined()

  for (const path of await work.filesAfter(written))
    for await (const _ of importFile(work.tool, path, store));
  const [branch = ''] = (await store.branches(session)).flatMap(({ name }) =>
    name.startsWith(`${client.name}-`) ? [name] : [],
  )
  const { messages } = (await store.load(session, { at: branch })) as Session
  // opencode puts a prompt of several words into quotation marks.
  expect(messages.slice(-2).map(({ role, content }) => [role, content.replaceAll('"', '')])).toEqual([
    ['user', QUESTION],
    ['assistant', `So be it: ${QUESTION}`],
  ])
}

/** All, or some: its own, one of another tool, and one real one. */
function originsFor(client: Client): Origin[] {
  if (isAll) return [...made, ...others]
  const at = made.findIndex(({ tool }) => tool.name === client.name)
  return [made[at] as Origin, made[(at + 1) % made.length] as Origin]
}
