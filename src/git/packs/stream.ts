/** A pack that is made while it is sent (gitformat-pack(5)). */
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import zlib from 'node:zlib'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { BIG_OBJECT, type GitObject } from '../objects/object.ts'
import { deflateAside } from '../objects/zlib-stream.ts'
import { encodeEntryHeader, packHeader } from './writer.ts'

/** An object as a delta against another one, which need not be in the pack. */
export interface DeltaObject {
  base: ObjectId
  delta: Uint8Array
}

/** Yields the bytes of a pack with these objects. There have to be exactly `count` objects, all different. */
export async function* streamPack(
  count: number,
  objects: Iterable<GitObject | DeltaObject> | AsyncIterable<GitObject | DeltaObject>,
): AsyncGenerator<Buffer, void> {
  const sha = createHash('sha1')
  let pieces: Buffer[] = [packHeader(count)]
  let length = 0
  const take = (): Buffer => {
    const piece = Buffer.concat(pieces)
    sha.update(piece)
    pieces = []
    length = 0
    return piece
  }
  const slice = new TimeSlice()
  for await (const object of objects) {
    const data = 'delta' in object ? object.delta : object.data
    const body = data.length > BIG_OBJECT ? await deflateAside(data) : [zlib.deflateSync(data)]
    const head =
      'delta' in object
        ? [encodeEntryHeader('delta', data.length), Buffer.from(object.base, 'hex')]
        : [encodeEntryHeader(object.type, data.length)]
    for (const piece of [...head, ...body]) {
      pieces.push(piece)
      length += piece.length
    }
    if (length > PIECE) yield take()
    if (slice.isOver()) await slice.next()
  }
  yield take()
  yield sha.digest()
}

const PIECE = 128 * 1024
