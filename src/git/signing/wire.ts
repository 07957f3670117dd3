/** Values as SSH writes them: lengths and numbers of four bytes, big-endian (RFC 4251, section 5). */

/** A text or bytes, with the length in front. */
export function sshString(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Bytes end where a value should be. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

/** Reads values one after the other. Throws WireError where the bytes end too early. */
export class SshReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  bytes(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new WireError('It ends too early')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  number(): number {
    return this.bytes(4).readUInt32BE()
  }

  string(): Buffer {
    return this.bytes(this.number())
  }

  text(): string {
    return this.string().toString('utf8')
  }

  /** A positive whole number, as bytes without zeros in front. */
  integer(): Buffer {
    const bytes = this.string()
    if (bytes.length > 0 && bytes[0]! >= 0x80) throw new WireError('A number is negative')
    const start = bytes.findIndex((byte) => byte !== 0)
    return start < 0 ? bytes.subarray(bytes.length) : bytes.subarray(start)
  }
}
