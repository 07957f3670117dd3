/** Public keys of SSH (RFC 4253, 5656, 8332, 8709): what they are called, and what they have signed. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { SshReader, WireError } from './wire.ts'

/** Curves of ECDSA keys by the name that SSH gives them. */
const CURVES: Readonly<Record<string, { crv: string; hash: string; bytes: number }>> = {
  nistp256: { crv: 'P-256', hash: 'sha256', bytes: 32 },
  nistp384: { crv: 'P-384', hash: 'sha384', bytes: 48 },
  nistp521: { crv: 'P-521', hash: 'sha512', bytes: 66 },
}

/** Of the keys that are checked here; ssh-keygen refuses shorter RSA keys as well. */
const SHORTEST_RSA = 1024

const RSA_HASHES: Readonly<Record<string, string>> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }

/** The type that a key says it has, such as `ssh-ed25519`. Throws WireError. */
export const keyType = (key: Uint8Array): string => new SshReader(key).text()

/** `SHA256:…`, as `ssh-keygen -l` prints it. */
export const fingerprint = (key: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** Whether signatures of keys of the type can be checked here. Those of hardware keys and certificates cannot. */
export const isKnownType = (type: string): boolean =>
  /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+)$/.test(type)

/**
 * Whether `signature`, as SSH encodes it, is that of the key on `data`. Throws WireError for a key or a signature that
 * is damaged.
 */
export function isSignedBy(key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const sig = new SshReader(signature)
  const [algorithm, blob] = [sig.text(), sig.string()]
  const reader = new SshReader(key)
  const type = reader.text()
  if (type === 'ssh-ed25519') {
    if (algorithm !== type) return false
    return verify(null, data, publicKey({ kty: 'OKP', crv: 'Ed25519', x: base64url(reader.string()) }), blob)
  }
  if (type === 'ssh-rsa') {
    const [e, n] = [reader.integer(), reader.integer()]
    const hash = RSA_HASHES[algorithm]
    if (hash === undefined || n.length * 8 < SHORTEST_RSA) return false
    return verify(hash, data, publicKey({ kty: 'RSA', e: base64url(e), n: base64url(n) }), blob)
  }
  const name = reader.text()
  const curve = CURVES[name]
  if (curve === undefined || type !== `ecdsa-sha2-${name}`)
    throw new WireError(`'${type}' is not a known key`)
  if (algorithm !== type) return false
  const { crv, hash, bytes } = curve
  const point = new SshReader(reader.string())
  if (point.bytes(1)[0] !== 4) throw new WireError('The point of the key is compressed')
  const jwk = { kty: 'EC', crv, x: base64url(point.bytes(bytes)), y: base64url(point.bytes(bytes)) }
  const pair = new SshReader(blob)
  const [r, s] = [pair.integer(), pair.integer()]
  if (r.length > bytes || s.length > bytes) return false
  const both = Buffer.alloc(2 * bytes)
  r.copy(both, bytes - r.length)
  s.copy(both, 2 * bytes - s.length)
  return verify(hash, data, { key: publicKey(jwk), dsaEncoding: 'ieee-p1363' }, both)
}

function publicKey(jwk: Record<string, string>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch (cause) {
    throw new WireError('The key is damaged', { cause })
  }
}

const base64url = (bytes: Buffer): string => bytes.toString('base64url')
