/** Files and folders of other people, put into every folder of a checkpoint's tree by real git. */
import { execFileSync } from 'node:child_process'

/** What looks like something of ours, and is not. */
const NAMES = [
  'NOTES.md',
  '000000-review.md',
  '000000',
  '0000',
  '00xxxx',
  'messages-9',
  'item.json.bak',
  'a b.json',
  '000001-UPPER.json',
]

/** Commits, on top of a branch, its tree with such files everywhere; gives back what its folders now have besides. */
export function addStrays(folder: string, branch: string): string[] {
  const git = (args: string[], input?: string): string =>
    execFileSync('git', ['--git-dir', folder, ...args], { encoding: 'utf8', input: input ?? '' }).trimEnd()
  const blob = git(['hash-object', '-w', '--stdin'], 'by hand\n')
  const notes = git(['mktree'], `100644 blob ${blob}\tNOTES.md\n`)
  const added: string[] = []
  const fill = (tree: string, path: string): string => {
    const entries = git(['ls-tree', '-z', tree])
      .split('\0')
      .filter((entry) => entry !== '')
      .map((entry) => {
        const [about = '', name = ''] = entry.split('\t')
        const [mode = '', , id = ''] = about.split(' ')
        return { mode, id: mode === '040000' ? fill(id, `${path}${name}/`) : id, name }
      })
    const taken = new Set(entries.map(({ name }) => name))
    for (const name of NAMES) {
      if (taken.has(name)) continue
      entries.push({ mode: '100644', id: blob, name })
      added.push(path + name)
    }
    for (const name of ['0042', '02xxxx', '000007', 'notes']) {
      if (taken.has(name)) continue
      entries.push({ mode: '040000', id: notes, name })
      added.push(`${path + name}/NOTES.md`)
    }
    entries.push({ mode: '120000', id: blob, name: 'link' })
    added.push(`${path}link`)
    const lines = entries.map(
      ({ mode, id, name }) => `${mode} ${mode === '040000' ? 'tree' : 'blob'} ${id}\t${name}\0`,
    )
    return git(['mktree', '-z'], lines.join(''))
  }
  const tip = git(['rev-parse', `refs/heads/${branch}`])
  const tree = fill(git(['rev-parse', `${tip}^{tree}`]), '')
  const who = ['-c', 'user.name=A', '-c', 'user.email=a@b.invalid']
  const commit = git([...who, 'commit-tree', tree, '-p', tip, '-m', 'Notes everywhere'])
  git(['update-ref', `refs/heads/${branch}`, commit, tip])
  return added.sort()
}

/** Those of these paths that the tip of a branch has. */
export function pathsAt(folder: string, branch: string, paths: readonly string[]): string[] {
  const list = execFileSync(
    'git',
    ['--git-dir', folder, 'ls-tree', '-r', '-z', '--name-only', `refs/heads/${branch}`],
    { encoding: 'utf8' },
  )
  const wanted = new Set(paths)
  return list
    .split('\0')
    .filter((path) => wanted.has(path))
    .sort()
}
