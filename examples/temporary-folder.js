// @ts-check
/** Where the examples work: a folder that is gone when they end. Yours would be a folder that stays. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** @param {(folder: string) => Promise<void>} work */
export async function inTemporaryFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), 'forkpoint-example-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
