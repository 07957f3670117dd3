/** Names of channels as names of folders: one that no file system mangles, and that is no key of the document. */
import { createHash } from 'node:crypto'
import { isFolderName } from '../../../codec/index.ts'

/** Keys of the document that are no channels, and those that a session has elsewhere. */
const RESERVED = new Set(['type', 'id', 'title', 'checkpoint', 'metadata', 'channels', 'config', 'session'])
const RESERVED_ELSEWHERE = new Set([
  'parent',
  'status',
  'model',
  'usage',
  'createdAt',
  'updatedAt',
  'workspace',
])
const LONGEST_SLUG = 40

/**
 * The folder of a channel: its name, where that is lower case and usable as it is, such as `messages`; otherwise what is
 * readable of it and the start of its SHA-1, such as `branch-to-plan_1c9d2b7a30` for `branch:to:plan`.
 */
export function channelFolder(channel: string): string {
  const known = folders.get(channel)
  if (known !== undefined) return known
  if (folders.size >= REMEMBERED) folders.clear()
  const folder = folderOf(channel)
  folders.set(channel, folder)
  return folder
}

const REMEMBERED = 2000
const folders = new Map<string, string>()

function folderOf(channel: string): string {
  const isPlain =
    isFolderName(channel) &&
    channel === channel.toLowerCase() &&
    !/_[0-9a-f]{10}$/.test(channel) &&
    !RESERVED.has(channel) &&
    !RESERVED_ELSEWHERE.has(channel)
  if (isPlain) return channel
  const slug = channel
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, LONGEST_SLUG)
  const digest = createHash('sha1').update(channel, 'utf8').digest('hex').slice(0, 10)
  return `${slug === '' ? 'channel' : slug}_${digest}`
}
