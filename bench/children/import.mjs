// @ts-check
/**
 * A session file of another tool, imported into a new store, or given back by it.
 *
 * Task: `{ tool, file, folder, redact, pages, gives }`; with `gives` the store in `folder` has the session already, and the file
 * that it gives back is compared with `file`. Answer: `{ seconds, cpu, peak, entries, same }`.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { exportSession, GitSessionStore, IMPORTERS, importSession } from '../forkpoint.mjs'
import { answer, task } from './child.mjs'

const { tool: name, file, folder, redact = true, pages = true, gives = false } = task()
const tool = /** @type {(typeof IMPORTERS)[number]} */ (IMPORTERS.find((one) => one.name === name))
const store = new GitSessionStore(folder, { pages })
const start = performance.now()
const { entries, same } = gives ? await given() : await taken()
await store.close()
const { user, system } = process.cpuUsage()
const seconds = (performance.now() - start) / 1000
answer({ seconds, cpu: (user + system) / 1e6, peak: process.resourceUsage().maxRSS * 1024, entries, same })

async function taken() {
  const { added } = await importSession(tool, file, store, redact ? {} : { redact: false })
  return { entries: added, same: undefined }
}

async function given() {
  const { value: session } = await store.list().next()
  const { main } = await exportSession(tool, store, session.id)
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  const own = createHash('sha256').update(main.bytes()).digest('hex')
  return { entries: main.lines.length, same: own === hash.digest('hex') }
}
