/** The git work tree around a folder, found without git: nothing of it is run. Source: gitrepository-layout(5). */
import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

export interface WorkTree {
  /** Its topmost folder. */
  top: string
  /** Where its `HEAD` is. */
  gitDir: string
  /** Where the refs and objects of all work trees of the repository are. */
  commonDir: string
}

/** The innermost work tree that the folder is in; `undefined` when it is in none. */
export async function workTreeAround(folder: string): Promise<WorkTree | undefined> {
  for (let top = resolve(folder); ; top = dirname(top)) {
    const found = await workTreeAt(top)
    if (found !== undefined || dirname(top) === top) return found
  }
}

async function workTreeAt(top: string): Promise<WorkTree | undefined> {
  const dotGit = join(top, '.git')
  const found = await stat(dotGit).catch(() => undefined)
  if (found?.isDirectory()) return { top, gitDir: dotGit, commonDir: dotGit }
  const [, named] = /^gitdir: (.+)$/m.exec(await smallText(dotGit)) ?? []
  if (named === undefined) return undefined
  const gitDir = resolve(top, named.trimEnd())
  const common = (await smallText(join(gitDir, 'commondir'))).trim()
  return { top, gitDir, commonDir: common === '' ? gitDir : resolve(gitDir, common) }
}

/** The text of a file; empty when there is none, when it is no plain file, or when it has more bytes. */
export async function smallText(file: string, limit = 1 << 20): Promise<string> {
  try {
    const found = await stat(file)
    return found.isFile() && found.size <= limit ? await readFile(file, 'utf8') : ''
  } catch {
    return ''
  }
}
