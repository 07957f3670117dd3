/**
 * Entries as files. They are numbered through the whole transcript and kept in pages of 5,000, each a collection of the
 * document (`messages`, `messages-2`, …): so the listings that an append has to write do not grow with the transcript.
 */

import { createHash } from 'node:crypto'
import { countItems } from '../../checkpoints/trees/documents.ts'
import type { AddedItem } from '../../checkpoints/trees/edits.ts'
import { type BlobIds, blobsOfItem, entriesOf, type Files, readBlobs } from '../../checkpoints/trees/files.ts'
import type { ObjectStore } from '../../checkpoints/trees/objects.ts'
import { decodeItem, itemPlace, jsonFile, parseItemName } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'
import { stringAt } from '../../importers/claude-code/entry.ts'
import { isJsonObject, type JsonObject } from '../../json-value.ts'

/** The first collection of a transcript. */
export const ENTRIES = 'messages'
export const PAGE = 5000

/** Names of collections for the store's diff: enough for 100,000 entries. */
export const COLLECTIONS: readonly string[] = Array.from({ length: 20 }, (_, page) => pageName(page))

function pageName(page: number): string {
  return page === 0 ? ENTRIES : `${ENTRIES}-${page + 1}`
}

/** The number of the page, from 0, that a collection stands for; `undefined` for other names. */
export function pageOf(collection: string): number | undefined {
  if (collection === ENTRIES) return 0
  const number = /^messages-([1-9]\d{0,8})$/.exec(collection)?.[1]
  return number === undefined || number === '1' ? undefined : Number(number) - 1
}

/** Names of the pages of a transcript with so many entries. */
export const pagesOf = (count: number): string[] =>
  Array.from({ length: Math.ceil(count / PAGE) }, (_, page) => pageName(page))

/** The number of entries in a tree, from its listings. */
export async function countEntries(objects: ObjectStore, tree: ObjectId): Promise<number> {
  const pages = [...entriesOf(await objects.readTree(tree))].flatMap(({ name }) => pageOf(name) ?? [])
  for (const page of pages.sort((a, b) => b - a)) {
    const entries = await countItems(objects, tree, pageName(page))
    if (entries > 0) return page * PAGE + entries
  }
  return 0
}

/** All entries of a document, in order. */
export function entriesIn(document: JsonObject): unknown[] {
  const pages = Object.keys(document).flatMap((name) => pageOf(name) ?? [])
  return pages.sort((a, b) => a - b).flatMap((page) => document[pageName(page)] ?? [])
}

/**
 * An entry as an item with its files: one, and one more for each text that is too long to be read in place. Throws
 * InvalidStateError.
 */
export function encodeEntry(number: number, entry: JsonObject): AddedItem & { files: Files } {
  const [collection, index] = indexOf(number)
  const { folder, stem } = itemPlace(collection, index)
  const label = labelOf(entry)
  const file = `${folder}/${stem}${label === '' ? '' : `-${label}`}`
  return { collection, index, files: jsonFile(file, entry, [ENTRIES, number], undefined), known: undefined }
}

/** Ids of the files of a stored entry, by path. */
export const filesOfEntry = (objects: ObjectStore, tree: ObjectId, number: number): Promise<BlobIds> =>
  blobsOfItem(objects, tree, ...indexOf(number))

export const readEntry = async (objects: ObjectStore, files: BlobIds): Promise<unknown> =>
  decodeItem(await readBlobs(objects, files))

/** The entry's `uuid`, if it has one that can serve as a key. */
export const uuidOf = (entry: unknown): string | undefined => stringAt(entry, 'uuid')

/** 65 bits of the SHA-256 of a uuid, five per character: the end of the name of its entry's file. */
export function hashOf(uuid: string): string {
  const bytes = createHash('sha256').update(uuid, 'utf8').digest()
  let bits = bytes.readBigUInt64BE(0) * 2n + BigInt(bytes[8]! >> 7)
  let text = ''
  for (let n = 0; n < HASH; n++, bits >>= 5n) text = ALPHABET[Number(bits & 31n)] + text
  return text
}

/** The number inside its page, and the hash, of an entry whose file has this name; `undefined` without a hash. */
export function parseEntryName(name: string): { number: number; hash: string } | undefined {
  const [, digits = '', hash] = NAME.exec(name) ?? []
  const number = parseItemName(digits)
  return hash === undefined || number === undefined ? undefined : { number, hash }
}

// A label has at most 24 characters (`docs/format.md`); this leaves 10 for a word such as `attachment`.
const LABEL = 24
const HASH = 13
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const NAME = /^(\d{6,})-(?:.*-)?([0-9a-hjkmnp-tv-z]{13})\.json$/

/** What follows the number in the name of an entry's file, such as `assistant-k3v9q0c1m2x4z`; may be empty. */
function labelOf(entry: unknown): string {
  const type = isJsonObject(entry) && typeof entry.type === 'string' ? entry.type : ''
  const word = type
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
  const uuid = uuidOf(entry)
  if (uuid === undefined) return word.slice(0, LABEL)
  return `${word.slice(0, LABEL - HASH - 1) || 'entry'}-${hashOf(uuid)}`
}

/** The collection of an entry, and its number there. */
const indexOf = (number: number): [collection: string, index: number] => [
  pageName(Math.floor(number / PAGE)),
  number % PAGE,
]
