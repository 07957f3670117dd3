/**
 * Which project a folder is of, whatever the folder is called and wherever it is: the first commit of its repository,
 * and the address that the repository is fetched from. Read from the files of `.git`; nothing of the repository is run.
 */
import { join } from 'node:path'
import { parseConfig } from '../../git/config/parser.ts'
import { ObjectStore } from '../../git/database/object-store.ts'
import { nodeFileSystem } from '../../git/disk/file-system.ts'
import { type CommitId, isObjectId, type ObjectId, trustedCommit } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { smallText, type WorkTree, workTreeAround } from './work-tree.ts'

/** A project; at least one of the two is there. */
export interface Project {
  /** Id of the first commit: the end of the line of first parents of `HEAD`. */
  root?: string
  /** Address of the remote without user, password and `.git`: `github.com/ann/parser`. */
  remote?: string
}

/** The project of a folder; `undefined` where no work tree is, or one without commits and remote. */
export async function projectAt(folder: string): Promise<Project | undefined> {
  const tree = await workTreeAround(folder)
  if (tree === undefined) return undefined
  const remote = await remoteOf(tree)
  const root = await rootOf(tree).catch(() => undefined)
  if (root === undefined && remote === undefined) return undefined
  return { ...(root === undefined ? {} : { root }), ...(remote === undefined ? {} : { remote }) }
}

/**
 * An address as all machines write it: `git@github.com:ann/parser.git` and `https://ann:pw@github.com/ann/parser` are
 * both `github.com/ann/parser`. `undefined` for a folder, which another machine does not have.
 */
export function plainRemote(address: string): string | undefined {
  const url = /^(?:https?|ssh|git|git\+ssh|ftps?):\/\/(?:[^/@]*@)?([^/?#]+)\/([^?#]*)/i.exec(address)
  const [, host, path] = url ?? /^(?:[^/@:\s]*@)?([^/@:\s]{2,}):(?!\/\/|\\)([^?#]*)/.exec(address) ?? []
  if (host === undefined || path === undefined) return undefined
  const name = path.replace(/^[/~]+|\/+$/g, '').replace(/\.git$/, '')
  const plainHost = host.toLowerCase().replace(/:(?:22|80|443|9418)$/, '')
  return name === '' ? undefined : `${plainHost}/${name}`
}

/** Of `origin`, else of the first remote by name. */
async function remoteOf({ commonDir }: WorkTree): Promise<string | undefined> {
  try {
    const config = parseConfig(await smallText(join(commonDir, 'config')))
    const names = [...config.keys()].filter((key) => /^remote\..+\.url$/.test(key)).sort()
    const [address] = config.get('remote.origin.url') ?? config.get(names[0] ?? '') ?? []
    return address === undefined ? undefined : plainRemote(address)
  } catch {
    // What git would not read names no remote.
    return undefined
  }
}

/** Longer histories are known by their remote alone. */
const MOST_COMMITS = 20_000
/** By a commit that was `HEAD`: the first of its line. */
const roots = new Map<ObjectId, CommitId>()

/** The end of the line of first parents; `undefined` where it is cut off, as in a shallow clone, or too long. */
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
