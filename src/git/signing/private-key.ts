/** Private key files of OpenSSH (PROTOCOL.key): those that are neither encrypted nor of a type other than ed25519. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { SshReader, sshString, WireError } from './wire.ts'

export interface PrivateKey {
  /** As it stands in signatures. */
  publicKey: Buffer
  key: KeyObject
}

const ARMOR = /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]*)-----END OPENSSH PRIVATE KEY-----/
const MAGIC = 'openssh-key-v1\0'

/** The key; `undefined` for one that is encrypted, of another type or in another format. Throws WireError. */
export function readPrivateKey(text: string): PrivateKey | undefined {
  const armored = ARMOR.exec(text)?.[1]
  if (armored === undefined) return undefined
  const file = new SshReader(Buffer.from(armored, 'base64'))
  if (file.bytes(MAGIC.length).toString('latin1') !== MAGIC) return undefined
  const [cipher, kdf] = [file.text(), file.text()]
  file.string()
  const count = file.number()
  if (cipher !== 'none' || kdf !== 'none' || count !== 1) return undefined
  file.string()
  const secrets = new SshReader(file.string())
  const [check, again] = [secrets.number(), secrets.number()]
  if (check !== again) throw new WireError('Its check numbers differ')
  if (secrets.text() !== 'ssh-ed25519') return undefined
  const [x, seed] = [secrets.string(), secrets.string().subarray(0, 32)]
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url'), d: seed.toString('base64url') }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  if (createPublicKey(key).export({ format: 'jwk' }).x !== jwk.x)
    throw new WireError('Its public half belongs to another key')
  return { publicKey: Buffer.concat([sshString('ssh-ed25519'), sshString(x)]), key }
}
