/** Folder names for channels: safe on every file system, and different from the document's keys. */
import { createHash } from 'node:crypto'
import { isFolderName } from '../../../codec/index.ts'

/** Keys of the document that are not channels, and keys that sessions of other types have. */
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
 * Returns the folder of a channel: its name, if that is lower case and usable, such as `messages`; otherwise its
 * readable characters and the start of its SHA-1, such as `branch-to-plan_1c9d2b7a30` for `branch:to:plan`.
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
