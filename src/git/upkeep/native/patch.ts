/** The difference of two commits, or trees, as git itself writes it. */
import { UnsupportedError } from '../../../errors.ts'
import type { StoreFolder } from '../../disk/store-folder.ts'
import { NativeGit } from './git.ts'

/**
 * Git's patch from one commit or tree to another: the output of `git diff --binary --full-index -M`, independent of any
 * configuration. Throws UnsupportedError if there is no git, if git may not be run on the store, and for a patch of
 * more than 64 MiB; NativeGitError.
 */
export async function patchBetween(
  { fs, paths }: Pick<StoreFolder, 'fs' | 'paths'>,
  from: string,
  to: string,
): Promise<string> {
  const git = await NativeGit.open(fs, paths)
  if (git === undefined) {
    throw new UnsupportedError('patch', 'A patch needs git, but git is not on the PATH. Install git.')
  }
  return git.run(['diff-tree', ...STABLE, from, to, '--'])
}

/** Plumbing ignores the `diff.*` settings for people; the remaining ones are set here. */
const STABLE = [
  '-p',
  '-r',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--binary',
  '--full-index',
  '--find-renames',
  '--unified=3',
  '--inter-hunk-context=0',
  '--diff-algorithm=myers',
  '--indent-heuristic',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--no-relative',
  '--submodule=short',
]
