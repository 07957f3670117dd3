/** A pack that is made while it is sent: each object deflated, no deltas (gitformat-pack(5)). */
import { createHash } from 'node:crypto'
import zlib from 'node:zlib'
import { TimeSlice } from '../../time-slice.ts'
import { BIG_OBJECT, type GitObject } from '../objects/object.ts'
import { deflateAside } from '../objects/zlib-stream.ts'
import { encodeEntryHeader, packHeader } from './writer.ts'

/** The bytes of a pack with these objects, in pieces. There have to be `count`, each once. */
export async function* streamPack(
  count: number,
  objects: Iterable<GitObject> | AsyncIterable<GitObject>,
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
  for await (const { type, data } of objects) {
    const body = data.length > BIG_OBJECT ? await deflateAside(data) : [zlib.deflateSync(data)]
    for (const piece of [encodeEntryHeader(type, data.length), ...body]) {
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
