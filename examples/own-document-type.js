// @ts-check
/** Any JSON document with an id can be kept: here a research notebook, checked by a schema of its own. */
import { join } from 'node:path'
import { GitSessionStore, InvalidStateError } from 'forkpoint'
import * as z from 'zod'
import { inTemporaryFolder } from './temporary-folder.js'

const notebook = z.object({
  id: z.string(),
  question: z.string(),
  sources: z.array(z.object({ id: z.string(), url: z.url(), notes: z.string() })),
})

await inTemporaryFolder(async (folder) => {
  // Items of a collection are stored one by one, so that adding one costs the same however many there are.
  const store = new GitSessionStore(join(folder, 'sessions'), {
    type: 'notebook',
    schema: notebook,
    collections: ['sources'],
  })
  await store.save({ id: 'tides', question: 'Why two tides a day?', sources: [] })
  const source = {
    id: 'noaa',
    url: 'https://oceanservice.noaa.gov/',
    notes: 'Two bulges;\nthe Earth turns below.',
  }
  await store.append('tides', { sources: [source] }, { subject: 'Read what NOAA says' })

  try {
    await store.append('tides', { sources: [{ id: 'bad', url: 'not a url', notes: '' }] })
  } catch (error) {
    if (!(error instanceof InvalidStateError)) throw error
    console.log(`refused: ${error.message}`)
  }

  for await (const { id, subject } of store.log('tides')) console.log(`${id.slice(0, 10)}  ${subject}`)
  console.log(await store.load('tides'))
  await store.close()
})
