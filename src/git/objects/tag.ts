/** Annotated tags. Source: git-mktag(1). */
import { CorruptError } from '../../errors.ts'
import { type ObjectId, trustedId } from '../../ids.ts'
import { asBuffer } from './object.ts'

/** The object that an annotated tag names; `undefined` where it names none. */
export function tagTarget(tag: Uint8Array): ObjectId | undefined {
  const target = /^object ([0-9a-f]{40})\n/.exec(asBuffer(tag).toString('latin1', 0, 48))?.[1]
  return target === undefined ? undefined : trustedId(target)
}

/** As `tagTarget`. Throws CorruptError where it names none. */
export function targetOf(id: ObjectId, tag: Uint8Array): ObjectId {
  const target = tagTarget(tag)
  if (target !== undefined) return target
  throw new CorruptError(`Tag object ${id} does not name an object. Take the store from a trusted copy.`, {
    object: id,
  })
}
