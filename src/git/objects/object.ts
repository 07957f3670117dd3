/**
 * Git objects in memory and their ids: SHA-1 over `type size\0` and the content (gitformat-pack(5),
 * "Object format" of the Git book).
 */
import { createHash, hash } from 'node:crypto'
import { CorruptError } from '../../errors.ts'
import { type CommitId, type ObjectId, trustedCommit, trustedId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag'

export interface GitObject {
  type: ObjectType
  /** Never changed once read: caches may share it. */
  data: Uint8Array
}

/** An object that is to be written, with its id. */
export interface NewObject extends GitObject {
  id: ObjectId
}

/** The id of the empty tree. Git knows it even if it is not stored. */
export const EMPTY_TREE: ObjectId = trustedId('4b825dc642cb6eb9a060e54bf8d69288fbee4904')

/** Above this an object is hashed, deflated and inflated in slices or in the thread pool. */
export const BIG_OBJECT = 512 * 1024

/** The object's id, 40 lower-case hex digits. */
export function objectId(type: ObjectType, data: Uint8Array): ObjectId {
  const header = `${type} ${data.length}\0`
  // One call on one buffer is twice as fast as a Hash object, until copying costs more.
  if (data.length <= ONE_SHOT) {
    const whole = scratch.subarray(0, header.length + data.length)
    whole.write(header, 'latin1')
    whole.set(data, header.length)
    return trustedId(hash('sha1', whole, 'hex'))
  }
  return trustedId(createHash('sha1').update(header, 'latin1').update(data).digest('hex'))
}

/** Like `objectId`, without holding up the event loop for large data. */
export async function objectIdInSlices(type: ObjectType, data: Uint8Array): Promise<ObjectId> {
  if (data.length <= BIG_OBJECT) return objectId(type, data)
  const digest = createHash('sha1').update(`${type} ${data.length}\0`, 'latin1')
  const slice = new TimeSlice()
  for (let at = 0; at < data.length; at += PIECE) {
    digest.update(data.subarray(at, at + PIECE))
    if (slice.isOver()) await slice.next()
  }
  return trustedId(digest.digest('hex'))
}

/** The object keeps `data`; don't change it afterwards. */
export const newObject = (type: ObjectType, data: Uint8Array): NewObject => ({
  id: objectId(type, data),
  type,
  data,
})

/** `newObject` of a commit. */
export const newCommitObject = (data: Uint8Array): NewObject & { id: CommitId } => ({
  id: trustedCommit(objectId('commit', data)),
  type: 'commit',
  data,
})

/** Like `newObject`, without holding up the event loop for large data. */
export const newObjectInSlices = async (type: ObjectType, data: Uint8Array): Promise<NewObject> => ({
  id: await objectIdInSlices(type, data),
  type,
  data,
})

/** The same bytes as a Buffer; nothing is copied. */
export const asBuffer = (data: Uint8Array): Buffer =>
  Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)

/** Throws CorruptError unless the object is of `type`. */
export function expectType(object: GitObject, type: ObjectType, id: ObjectId): Uint8Array {
  if (object.type !== type) {
    throw new CorruptError(`Object ${id} should be a ${type}, but is a ${object.type}.`, { object: id })
  }
  return object.data
}

/** Hashed at once: of several objects that are hashed at the same time, each continues in each turn of the event loop. */
const PIECE = 64 * 1024
const ONE_SHOT = 16 * 1024
const scratch = Buffer.allocUnsafeSlow(ONE_SHOT + 32)
