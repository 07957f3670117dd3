/** Finds ignore rules, on the disk around a workspace or in the tree of a snapshot. */
import { dirname, join, relative, sep } from 'node:path'
import { IgnoreRules } from './ignore-rules.ts'
import { smallText, workTreeAround } from './project/work-tree.ts'
import { RULE_FILES } from './walk.ts'

/**
 * Reads the rules from outside the workspace: from `.git/info/exclude`, and from the folders between the top of the
 * work tree and the workspace.
 */
export async function rulesAround(root: string): Promise<IgnoreRules> {
  const tree = await workTreeAround(root)
  if (tree === undefined) return IgnoreRules.none
  const { top, commonDir } = tree
  let rules = IgnoreRules.none.with(await smallText(join(commonDir, 'info', 'exclude')), between(top, root))
  const above: string[] = []
  for (let at = root; at !== top; at = dirname(at)) above.push(dirname(at))
  for (const folder of above.reverse())
    rules = rules.with(await smallText(join(folder, '.gitignore')), between(folder, root))
  return rules
}

const between = (folder: string, root: string): string =>
  folder === root ? '' : `${relative(folder, root).split(sep).join('/')}/`

/**
 * Returns a function that tells whether the rules in a tree ignore a path.
 *
 * @param read returns the text of a file of the tree; `undefined` if there is none
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
