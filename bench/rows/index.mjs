// @ts-check
import { adapters } from './adapters.mjs'
import { change } from './change.mjs'
import { diff } from './diff.mjs'
import { disk } from './disk.mjs'
import { fork } from './fork.mjs'
import { growth } from './growth.mjs'
import { heap } from './heap.mjs'
import { list } from './list.mjs'
import { pages } from './pages.mjs'
import { processes } from './processes.mjs'
import { python } from './python.mjs'
import { redaction } from './redaction.mjs'
import { resume } from './resume.mjs'
import { save } from './save.mjs'
import { server } from './server.mjs'
import { sign } from './sign.mjs'
import { stall } from './stall.mjs'
import { start } from './start.mjs'
import { syncs } from './syncs.mjs'
import { throughput } from './throughput.mjs'
import { transcripts } from './transcripts.mjs'
import { workspace } from './workspace.mjs'

/** In the order of the design's table. */
export const ROWS = [
  start,
  save,
  pages,
  sign,
  syncs,
  throughput,
  processes,
  change,
  stall,
  growth,
  resume,
  fork,
  diff,
  disk,
  heap,
  list,
  server,
  workspace,
  transcripts,
  redaction,
  adapters,
  python,
]
