/** Signatures of SSH on any data (PROTOCOL.sshsig of OpenSSH). */
import { hash, sign } from 'node:crypto'
import type { PrivateKey } from './private-key.ts'
import { SshReader, sshString, WireError } from './wire.ts'

export interface SshSignature {
  publicKey: Buffer
  /** What the signature is for: `git` for commits and tags. */
  namespace: string
  hash: string
  signature: Buffer
}

/** What git signs for. */
export const NAMESPACE = 'git'

const MAGIC = Buffer.from('SSHSIG')
const BEGIN = '-----BEGIN SSH SIGNATURE-----'
const END = '-----END SSH SIGNATURE-----'
const VERSION = Buffer.from([0, 0, 0, 1])
/** What every signature made here says of itself: the namespace, nothing, and the hash. */
const ABOUT = Buffer.concat([sshString(NAMESPACE), sshString(''), sshString('sha512')])
const ED25519 = sshString('ssh-ed25519')
const HASHES = ['sha256', 'sha512']

/** Signs what `git commit -S` would sign; the same as `ssh-keygen -Y sign -n git`, byte for byte. */
export function signWith({ key, publicKey }: PrivateKey, data: Uint8Array): string {
  const signed = sign(null, Buffer.concat([MAGIC, ABOUT, sshString(hash('sha512', data, 'buffer'))]), key)
  const signature = sshString(Buffer.concat([ED25519, sshString(signed)]))
  const whole = Buffer.concat([MAGIC, VERSION, sshString(publicKey), ABOUT, signature])
  return `${BEGIN}\n${whole.toString('base64').replace(/.{70}(?=.)/g, '$&\n')}\n${END}`
}

/** Whether the text looks like a signature of SSH, and not one of OpenPGP or X.509. */
export const isSshSignature = (text: string): boolean => text.startsWith(BEGIN)

/** Throws WireError for a signature that is damaged. */
export function parseSignature(text: string): SshSignature {
  const end = text.indexOf(`\n${END}`)
  if (end < 0) throw new WireError('The signature has no end')
  const reader = new SshReader(Buffer.from(text.slice(BEGIN.length, end), 'base64'))
  if (!reader.bytes(MAGIC.length).equals(MAGIC)) throw new WireError('It does not begin with SSHSIG')
  const version = reader.number()
  if (version !== 1) throw new WireError(`Its version is ${version}, and 1 is known here`)
  const publicKey = reader.string()
  const namespace = reader.text()
  reader.string()
  const name = reader.text()
  const signature = reader.string()
  if (!HASHES.includes(name)) throw new WireError(`Its hash is '${name}', which is not known here`)
  if (!reader.isAtEnd) throw new WireError('Something follows the signature')
  return { publicKey, namespace, hash: name, signature }
}

/** The bytes that were signed. */
export const signedBytes = ({ namespace, hash: name }: SshSignature, data: Uint8Array): Buffer =>
  Buffer.concat([MAGIC, ...[namespace, '', name].map(sshString), sshString(hash(name, data, 'buffer'))])
