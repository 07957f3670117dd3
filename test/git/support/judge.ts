/**
 * Whether a disk holds a whole repository: our own `git fsck`, fast enough for every cut point. It shares the
 * scanning of a pack with the code under test, and nothing that decides what is read or trusted.
 */

import { decodeCommit } from '../../../src/git/objects/commit.ts'
import type { NewObject } from '../../../src/git/objects/object.ts'
import { scanPack } from '../../../src/git/packs/scan.ts'
import { buildIndex } from '../../../src/git/packs/writer.ts'
import { type ObjectId, type RefName, trustedId } from '../../../src/ids.ts'
import type { DiskState } from './disk-state.ts'
import { decodeTree } from './trees.ts'

export interface Verdict {
  /** Plain refs and their ids. */
  refs: ReadonlyMap<RefName, ObjectId>
  /** Symbolic refs and their targets. */
  symbolic: ReadonlyMap<string, string>
  problems: readonly string[]
  /** Every file of the repository, relative to it. */
  files: readonly string[]
}

export function judge(state: DiskState, root: string): Verdict {
  const files = new Map<string, Buffer>()
  const names: string[] = []
  for (const [path, content] of state.files()) {
    if (!path.startsWith(`${root}/`)) continue
    names.push(path.slice(root.length + 1))
    if (content !== undefined) files.set(path.slice(root.length + 1), content)
  }
  const problems: string[] = []
  const { refs, symbolic } = readRefs(files, problems)
  const objects = readPacks(files, problems)
  const seen = new Set<string>()
  for (const [ref, id] of refs) reach(id, `${ref}: ${id}`, objects, seen, problems)
  return { refs, symbolic, problems, files: names }
}

function readRefs(files: ReadonlyMap<string, Buffer>, problems: string[]) {
  const refs = new Map<RefName, ObjectId>()
  const symbolic = new Map<string, string>()
  for (const line of files.get('packed-refs')?.toString().split('\n') ?? []) {
    if (line === '' || line.startsWith('#') || line.startsWith('^')) continue
    if (!/^[0-9a-f]{40} refs\/\S+$/.test(line)) problems.push(`packed-refs: ${line}`)
    else refs.set(line.slice(41) as RefName, trustedId(line.slice(0, 40)))
  }
  for (const [name, content] of files) {
    if (name !== 'HEAD' && (!name.startsWith('refs/') || name.endsWith('.lock'))) continue
    const text = content.toString('latin1')
    const target = /^ref: (refs\/\S+)\n$/.exec(text)?.[1]
    if (target !== undefined) symbolic.set(name, target)
    else if (/^[0-9a-f]{40}\n?$/.test(text)) refs.set(name as RefName, trustedId(text.trim()))
    else problems.push(`${name}: ${JSON.stringify(text)}`)
  }
  for (const [name, target] of symbolic)
    if (name !== 'HEAD' && !refs.has(target as RefName)) problems.push(`${name} points at nothing: ${target}`)
  return { refs, symbolic }
}

const known = new WeakMap<Buffer, readonly NewObject[] | undefined>()

function readPacks(files: ReadonlyMap<string, Buffer>, problems: string[]): Map<string, NewObject> {
  const objects = new Map<string, NewObject>()
  for (const [name, index] of files) {
    const pack = /^objects\/pack\/(pack-[0-9a-f]{40})\.idx$/.exec(name)?.[1]
    if (pack === undefined) continue
    const content = files.get(`objects/pack/${pack}.pack`)
    if (content === undefined) problems.push(`${name} without a pack`)
    else {
      if (!known.has(content)) known.set(content, scan(content))
      const found = known.get(content)
      if (found === undefined) problems.push(`${name}: broken pack`)
      else if (!isIndexOf(index, content, found)) problems.push(`${name}: broken index`)
      for (const object of found ?? []) objects.set(object.id, object)
    }
  }
  return objects
}

function scan(content: Buffer): readonly NewObject[] | undefined {
  try {
    return [...scanPack(content)].map(({ object }) => object)
  } catch {
    return undefined
  }
}

const indexes = new WeakMap<Buffer, boolean>()

/** Size, fan-out, ids and both checksums; the entries' places are for git to check. */
function isIndexOf(index: Buffer, pack: Buffer, objects: readonly NewObject[]): boolean {
  const before = indexes.get(index)
  if (before !== undefined) return before
  const skeleton = buildIndex(
    objects.map(({ id }) => ({ id, offset: 0, crc: 0 })),
    pack.subarray(-20),
  )
  const ids = 8 + 1024 + objects.length * 20
  const good =
    index.length === skeleton.length &&
    index.subarray(0, ids).equals(skeleton.subarray(0, ids)) &&
    index.subarray(-40, -20).equals(pack.subarray(-20))
  indexes.set(index, good)
  return good
}

function reach(
  id: string,
  from: string,
  objects: ReadonlyMap<string, NewObject>,
  seen: Set<string>,
  problems: string[],
): void {
  if (seen.has(id)) return
  seen.add(id)
  const object = objects.get(id)
  if (object === undefined) {
    problems.push(`missing: ${from}`)
    return
  }
  if (object.type === 'commit') {
    const { tree, parents } = decodeCommit(object.data)
    for (const next of [tree, ...parents]) reach(next, `${from} → ${next}`, objects, seen, problems)
  } else if (object.type === 'tree') {
    for (const entry of decodeTree(object.data))
      reach(entry.id, `${from} → ${entry.name}`, objects, seen, problems)
  }
}
