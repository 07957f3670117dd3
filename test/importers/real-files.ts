/** Real files of other tools, which lie beside the repository and are not part of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { IMPORTERS, type Importer, openSource, toolOf } from '../../src/importers/index.ts'

const ROOT = join(import.meta.dirname, '../../../shared/transcripts')

export interface RealFile {
  tool: Importer
  path: string
  /** Seen from the folder of all of them. */
  name: string
}

/** By tool; empty where the files are not there. */
export async function realFiles(): Promise<RealFile[]> {
  if (!existsSync(ROOT)) {
    console.warn(`No real transcripts in ${ROOT}: their tests are skipped.`)
    return []
  }
  const found: RealFile[] = []
  for (const tool of IMPORTERS) {
    const folder = join(ROOT, tool.name)
    const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
    for (const name of names.sort()) {
      const path = join(folder, name)
      if (/\.(?:jsonl|json|traj)$/.test(name)) found.push({ tool, path, name: `${tool.name}/${name}` })
    }
  }
  return found
}

export const toolOfFile = async (path: string): Promise<string | undefined> =>
  (await toolOf(IMPORTERS, await openSource(path)))?.name

/** The entries of JSON lines. */
export const entriesOf = (path: string): unknown[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
