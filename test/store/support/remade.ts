/** Stores that no forkpoint would write: other trees, other messages, objects that are gone. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { git, gitText } from '../../git/real-git.ts'

/** Puts another commit in the place of a branch's tip, made of the tip's tree and message. */
export function remake(
  folder: string,
  ref: string,
  change: {
    tree?: (edit: (path: string, mode: string | null, content?: string) => void) => void
    message?: (text: string) => string
  },
): string {
  const text = git(folder, ['cat-file', 'commit', ref]).toString()
  const [head, body] = [text.slice(0, text.indexOf('\n\n')), text.slice(text.indexOf('\n\n') + 2)]
  let tree = gitText(folder, ['rev-parse', `${ref}^{tree}`])
  change.tree?.((path, mode, content) => {
    tree = editTree(folder, tree, path.split('/'), mode, content)
  })
  const commit = gitText(
    folder,
    ['hash-object', '-t', 'commit', '-w', '--stdin'],
    `${head.replace(/^tree .*/, `tree ${tree}`)}\n\n${change.message?.(body) ?? body}`,
  )
  gitText(folder, ['update-ref', ref, commit])
  return commit
}

/** The tree with one path changed; `null` removes. Written byte for byte, whatever git thinks of it. */
function editTree(
  folder: string,
  tree: string,
  path: string[],
  mode: string | null,
  content?: string,
): string {
  const [name, ...rest] = path as [string, ...string[]]
  const rows = gitText(folder, ['ls-tree', tree])
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => /^(\d+) \w+ ([0-9a-f]{40})\t(.*)$/.exec(row)!.slice(1) as [string, string, string])
  const others = rows.filter((row) => row[2] !== name)
  const own = rows.find((row) => row[2] === name)
  if (rest.length > 0) {
    const below = own?.[1] ?? gitText(folder, ['mktree'], '')
    others.push(['40000', editTree(folder, below, rest, mode, content), name])
  } else if (mode !== null) {
    const id = content?.match(/^[0-9a-f]{40}$/)
      ? content
      : gitText(folder, ['hash-object', '-w', '--stdin'], content ?? '')
    others.push([mode, id, name])
  }
  const sorted = others
    .map((row) => ({ row, key: Buffer.from(row[2] + (/^0?40000$/.test(row[0]) ? '/' : '')) }))
    .sort((x, y) => Buffer.compare(x.key, y.key))
  const bytes = sorted.map(({ row: [rowMode, id, entry] }) =>
    Buffer.concat([Buffer.from(`${rowMode.replace(/^0/, '')} ${entry}\0`), Buffer.from(id, 'hex')]),
  )
  return git(folder, ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], Buffer.concat(bytes))
    .toString()
    .trim()
}

/** Takes one object out of a store: everything becomes loose, then one file goes. */
export function lose(folder: string, id: string): void {
  const packs = join(folder, 'objects/pack')
  const contents = readdirSync(packs).flatMap((name) =>
    name.endsWith('.pack') ? [readFileSync(join(packs, name))] : [],
  )
  for (const name of readdirSync(packs)) rmSync(join(packs, name))
  for (const content of contents) git(folder, ['unpack-objects', '-q'], content)
  rmSync(join(folder, 'objects', id.slice(0, 2), id.slice(2)))
}
