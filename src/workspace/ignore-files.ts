/** Rules that say what git would ignore, found on the disk around a workspace, or in the tree of a snapshot. */
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { IgnoreRules, RULE_FILES } from './ignore-rules.ts'

/**
 * Rules from outside the workspace: of `.git/info/exclude`, and of the folders between the top of the work tree and the
 * workspace.
 */
export async function rulesAround(root: string): Promise<IgnoreRules> {
  const above: string[] = []
  for (let at = root; ; at = dirname(at)) {
    const exclude = await excludeOf(at)
    if (exclude !== undefined) {
      let rules = IgnoreRules.none.with(exclude, between(at, root))
      for (const folder of above.reverse())
        rules = rules.with(await textOf(join(folder, '.gitignore')), between(folder, root))
      return rules
    }
    if (dirname(at) === at) return IgnoreRules.none
    above.push(dirname(at))
  }
}

/** `.git/info/exclude` of a work tree that has its top here; `undefined` where none has. */
async function excludeOf(folder: string): Promise<string | undefined> {
  const dotGit = join(folder, '.git')
  const link = await readFile(dotGit, 'utf8').catch((error: NodeJS.ErrnoException) => error.code)
  if (link === 'EISDIR') return textOf(join(dotGit, 'info', 'exclude'))
  const [, gitDir] = /^gitdir: (.+)$/m.exec(link ?? '') ?? []
  if (gitDir === undefined) return undefined
  const own = resolve(folder, gitDir)
  const common = (await textOf(join(own, 'commondir'))).trim()
  return textOf(join(common === '' ? own : resolve(own, common), 'info', 'exclude'))
}

const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')

const between = (folder: string, root: string): string =>
  folder === root ? '' : `${relative(folder, root).split(sep).join('/')}/`

/**
 * Whether the rules in a tree ignore a path.
 *
 * @param read the text of a file of the tree; `undefined` where there is none
 */
export function ignoredIn(
  around: IgnoreRules,
  read: (path: string) => Promise<string | undefined>,
): (path: string) => Promise<boolean> {
  const folders = new Map<string, Promise<IgnoreRules | 'ignored'>>()
  const rulesIn = async (folder: string): Promise<string> => {
    const prefix = folder === '' ? '' : `${folder}/`
    const texts = await Promise.all(RULE_FILES.map((name) => read(prefix + name)))
    return texts.filter((text) => text !== undefined).join('\n')
  }
  const rulesOf = (folder: string): Promise<IgnoreRules | 'ignored'> => {
    const known = folders.get(folder)
    if (known !== undefined) return known
    const made = (async () => {
      if (folder === '') return around.with(await rulesIn(''))
      const above = await rulesOf(parentOf(folder))
      if (above === 'ignored' || above.ignores(folder, true)) return 'ignored'
      return above.below(folder, await rulesIn(folder))
    })()
    folders.set(folder, made)
    return made
  }
  return async (path) => {
    const rules = await rulesOf(parentOf(path))
    return rules === 'ignored' || rules.ignores(path, false)
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
