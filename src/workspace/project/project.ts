/**
 * Finds the project of a folder, independent of the folder's name and place: the first commit of its repository, and
 * the address from which the repository is fetched. Reads the files of `.git`; runs nothing of the repository.
 */
import { join } from 'node:path'
import { parseConfig } from '../../git/config/parser.ts'
import { ObjectStore } from '../../git/database/object-store.ts'
import { nodeFileSystem } from '../../git/disk/file-system.ts'
import { type CommitId, isObjectId, type ObjectId, trustedCommit } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { smallText, type WorkTree, workTreeAround } from './work-tree.ts'

/** A project; at least one of the two is set. */
export interface Project {
  /** Id of the first commit: the last one when following first parents from `HEAD`. */
  root?: string
  /** Address of the remote without user, password and `.git`: `github.com/ann/parser`. */
  remote?: string
}

/** Returns the project of a folder; `undefined` if it is not in a work tree, or in one without commits and remote. */
export async function projectAt(folder: string): Promise<Project | undefined> {
  const tree = await workTreeAround(folder)
  if (tree === undefined) return undefined
  const remote = await remoteOf(tree)
  const root = await rootOf(tree).catch(() => undefined)
  if (root === undefined && remote === undefined) return undefined
  return { ...(root === undefined ? {} : { root }), ...(remote === undefined ? {} : { remote }) }
}

/**
 * Normalizes an address: `git@github.com:ann/parser.git` and `https://ann:pw@github.com/ann/parser` both become
 * `github.com/ann/parser`. Returns `undefined` for a folder, which other machines do not have.
 */
export function plainRemote(address: string): string | undefined {
  const url = /^(?:https?|ssh|git|git\+ssh|ftps?):\/\/(?:[^/@]*@)?([^/?#]+)\/([^?#]*)/i.exec(address)
  const [, host, path] = url ?? /^(?:[^/@:\s]*@)?([^/@:\s]{2,}):(?!\/\/|\\)([^?#]*)/.exec(address) ?? []
  if (host === undefined || path === undefined) return undefined
  const name = path.replace(/^[/~]+|\/+$/g, '').replace(/\.git$/, '')
  const plainHost = host.toLowerCase().replace(/:(?:22|80|443|9418)$/, '')
  return name === '' ? undefined : `${plainHost}/${name}`
}

/** Returns the address of `origin`, else of the first remote by name. */
async function remoteOf({ commonDir }: WorkTree): Promise<string | undefined> {
  try {
    const config = parseConfig(await smallText(join(commonDir, 'config')))
    const names = [...config.keys()].filter((key) => /^remote\..+\.url$/.test(key)).sort()
    const [address] = config.get('remote.origin.url') ?? config.get(names[0] ?? '') ?? []
    return address === undefined ? undefined : plainRemote(address)
  } catch {
    // A configuration that git cannot read has no remote.
    return undefined
  }
}

/** Projects with a longer history have only a remote. */
const MOST_COMMITS = 20_000
/** First commits, by a commit that was `HEAD`. */
const roots = new Map<ObjectId, CommitId>()

/** Returns the last commit when following first parents; `undefined` in a shallow clone, or if the line is too long. */
async function rootOf(tree: WorkTree): Promise<string | undefined> {
  const head = await headOf(tree)
  if (head === undefined) return undefined
  const objects = new ObjectStore(nodeFileSystem, join(tree.commonDir, 'objects'))
  const slice = new TimeSlice()
  try {
    if (objects.isShallow) return undefined
    let at = head
    for (let count = 0; count < MOST_COMMITS; count++) {
      const known = roots.get(at)
      const [parent] = known === undefined ? (await objects.readCommit(at)).parents : []
      if (parent === undefined) {
        const root = known ?? at
        if (roots.size >= 1000) roots.clear()
        roots.set(head, root)
        return root
      }
      at = trustedCommit(parent)
      if (slice.isOver()) await slice.next()
    }
    return undefined
  } finally {
    objects.close()
  }
}

async function headOf({ gitDir, commonDir }: WorkTree): Promise<CommitId | undefined> {
  const head = (await smallText(join(gitDir, 'HEAD'))).trim()
  const [, ref] = /^ref: (refs\/[^\s\0]+)$/.exec(head) ?? []
  if (ref === undefined) return idIn(head)
  if (ref.split('/').includes('..')) return undefined
  const loose = idIn((await smallText(join(commonDir, ref))).trim())
  if (loose !== undefined) return loose
  const packed = await smallText(join(commonDir, 'packed-refs'), 64 << 20)
  const line = packed.split('\n').find((one) => one.endsWith(` ${ref}`))
  return line === undefined ? undefined : idIn(line.slice(0, line.indexOf(' ')))
}

const idIn = (text: string): CommitId | undefined => (isObjectId(text) ? trustedCommit(text) : undefined)
