/** Makes a commit again with other parents or another tree; its times and other header lines stay. */
import type { ObjectId } from '../../ids.ts'
import { decodeCommit, splitSignature } from './commit.ts'
import { asBuffer } from './object.ts'

export interface CommitEdit {
  tree: ObjectId
  parents: readonly ObjectId[]
  author: { name: string; email: string }
  /** `undefined`: as it was, byte for byte. */
  message: string | undefined
}

/** The bytes of the commit after the edit. A signature is dropped: it would no longer be valid. */
export function editCommit(data: Uint8Array, { tree, parents, author, message }: CommitEdit): Buffer {
  const before = decodeCommit(data)
  const bytes = splitSignature(data)?.signed ?? asBuffer(data)
  const gap = bytes.indexOf('\n\n', 0, 'latin1')
  const end = gap < 0 ? bytes.length : gap
  const lines = bytes
    .toString('latin1', 0, end)
    .split('\n')
    .filter((line) => !/^(?:tree|parent) /.test(line))
  const isRecoded = lines.some((line) => line.startsWith('encoding '))
  const isOther = author.name !== before.author.name || author.email !== before.author.email
  const kept = lines.flatMap((line) => {
    if (line.startsWith('encoding ')) return []
    if (line.startsWith('author ') && (isOther || isRecoded)) return [personLine('author', author, line)]
    return line.startsWith('committer ') && isRecoded
      ? [personLine('committer', before.committer, line)]
      : [line]
  })
  const head = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), ...kept].join('\n')
  const text = message ?? (isRecoded ? before.message : undefined)
  const rest = text === undefined ? bytes.subarray(end + 2) : Buffer.from(text.replaceAll('\0', ''))
  return Buffer.concat([Buffer.from(`${head}\n\n`, 'latin1'), rest])
}

/** The line with another person and the old time. */
function personLine(key: string, { name, email }: CommitEdit['author'], line: string): string {
  const person = Buffer.from(`${name} <${email}>`.replaceAll('\n', ' ')).toString('latin1')
  return `${key} ${person}${line.slice(line.lastIndexOf('>') + 1)}`
}
