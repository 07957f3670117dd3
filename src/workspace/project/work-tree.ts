/** Finds the git work tree around a folder without running git. Source: gitrepository-layout(5). */
import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

export interface WorkTree {
  /** The top folder of the work tree. */
  top: string
  /** The folder with its `HEAD`. */
  gitDir: string
  /** The folder with the refs and objects of all work trees of the repository. */
  commonDir: string
}

/** Returns the innermost work tree that contains the folder; `undefined` if there is none. */
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

/**
 * Returns the text of a file; empty if there is no such file, if it is not a plain file, or if it has more than `limit`
 * bytes.
 */
export async function smallText(file: string, limit = 1 << 20): Promise<string> {
  try {
    const found = await stat(file)
    return found.isFile() && found.size <= limit ? await readFile(file, 'utf8') : ''
  } catch {
    return ''
  }
}
