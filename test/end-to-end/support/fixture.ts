/** A repository that a fixture of `fixtures/format-1` is the text of; git makes it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bareRepository, git, gitText } from '../../git/real-git.ts'

interface Entry {
  type: string
  id: string
  data: Buffer
}

/** Unpacks the text, and throws where git finds another id than the text says. */
export function unpack(file: string): string {
  const folder = bareRepository()
  const { refs, objects } = parse(readFileSync(file))
  // Trees name what may come later.
  const order = ['blob', 'tree', 'commit', 'tag']
  for (const type of order) {
    const own = objects.filter((one) => one.type === type)
    const made = type === 'tree' ? treesOf(folder, own) : objectsOf(folder, type, own)
    for (const [n, id] of made.entries()) {
      if (id !== own[n]!.id) throw new Error(`Git makes ${id} of the ${type} ${own[n]!.id} in ${file}.`)
    }
  }
  for (const { kind, name, to } of refs) {
    if (kind === 'symref') git(folder, ['symbolic-ref', name, to])
    else if (kind === 'ref') git(folder, ['update-ref', name, to])
    else writeFileSync(join(folder, 'shallow'), `${[name, to].filter(Boolean).join('\n')}\n`)
  }
  return folder
}

function parse(text: Buffer): { refs: { kind: string; name: string; to: string }[]; objects: Entry[] } {
  const refs: { kind: string; name: string; to: string }[] = []
  const objects: Entry[] = []
  for (let position = 0; position < text.length; ) {
    const end = text.indexOf(10, position)
    const [kind = '', name = '', to = '', size, form] = text.toString('utf8', position, end).split(' ')
    position = end + 1
    if (kind !== 'object') {
      refs.push({ kind, name, to })
      continue
    }
    const shown = text.subarray(position, position + Number(size))
    const data = form === 'base64' ? Buffer.from(shown.toString(), 'base64') : Buffer.from(shown)
    objects.push({ type: name, id: to, data })
    position += shown.length + 1
  }
  return { refs, objects }
}

const treesOf = (folder: string, trees: readonly Entry[]): string[] =>
  trees.length === 0
    ? []
    : gitText(folder, ['mktree', '--missing', '--batch'], trees.map(({ data }) => data).join('\n')).split(
        '\n',
      )

function objectsOf(folder: string, type: string, objects: readonly Entry[]): string[] {
  if (objects.length === 0) return []
  const paths = objects.map(({ data }, n) => {
    const path = join(folder, `${type}-${n}`)
    writeFileSync(path, data)
    return path
  })
  const made = gitText(
    folder,
    ['hash-object', '-t', type, '-w', '--no-filters', '--stdin-paths'],
    paths.join('\n'),
  )
  for (const path of paths) rmSync(path)
  return made.split('\n')
}
