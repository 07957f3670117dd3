/**
 * One zlib handle that is used again and again. `zlib.inflateSync` and `zlib.deflateSync` make a stream object and a
 * native handle per call, and the thread pool costs more than the work: for a small object both cost more than the
 * rest of reading or merging it, and the garbage adds up to a third of the time of a resume. A handle that is kept is
 * not a public part of Node (minizlib, which npm uses, reaches for it too), so this is done only in releases that were
 * checked.
 */
import zlib from 'node:zlib'

export class KeptZlib {
  readonly #make: () => zlib.Inflate | zlib.Deflate
  #stream: Stream | undefined

  constructor(make: () => zlib.Inflate | zlib.Deflate) {
    this.#make = make
  }

  /**
   * Converts the bytes of `data` from `start` on, up to the end of the stream. Returns how many bytes of `out` it
   * filled; `undefined` if the stream does not end within `room` bytes, or is broken, or this release is not known.
   *
   * @param room bytes of `out` that may be used; one has to remain free
   */
  run(data: Buffer, start: number, out: Buffer, room: number): number | undefined {
    if (!IS_KNOWN) return undefined
    if (this.#stream === undefined) {
      this.#stream = this.#make() as Stream
      this.#stream.on('error', () => {}) // What is wrong is said by the caller's second attempt.
    }
    const { _handle: handle, _writeState: state } = this.#stream
    handle.writeSync(zlib.constants.Z_FINISH, data, start, data.length - start, out, 0, room)
    const [left = 0] = state
    // Room is left only if the stream has ended; after an error the stream is destroyed.
    if (this.#stream.destroyed || left === 0) {
      this.#stream.destroy()
      this.#stream = undefined
      return undefined
    }
    handle.reset()
    return room - left
  }
}

/** The internals of a zlib stream that are used here. */
interface Inside {
  _handle: {
    writeSync(
      flush: number,
      input: Buffer,
      from: number,
      length: number,
      out: Buffer,
      to: number,
      room: number,
    ): void
    reset(): void
  }
  /** Room left in the output, input left over. */
  _writeState: Uint32Array
}

type Stream = (zlib.Inflate | zlib.Deflate) & Inside

/** Only Node itself, not other runtimes: a call that a release does not expect would crash the process. */
const IS_KNOWN =
  /^(20|22|24|26)\./.test(process.versions.node) &&
  !('bun' in process.versions) &&
  !('deno' in process.versions)
