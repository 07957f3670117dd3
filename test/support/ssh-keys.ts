/** Keys of SSH for tests, made by the real ssh-keygen. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where it is missing, tests that need it say that they are skipped. */
export const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined
if (!hasKeygen)
  console.warn('There is no ssh-keygen here: signatures are NOT tested. Install openssh-client.')

export interface TestKey {
  file: string
  /** `ssh-ed25519 AAAA…` */
  public: string
  /** `SHA256:…` */
  fingerprint: string
}

const TYPES: Readonly<Record<string, readonly string[]>> = {
  ed25519: ['-t', 'ed25519'],
  rsa: ['-t', 'rsa', '-b', '2048'],
  ecdsa256: ['-t', 'ecdsa', '-b', '256'],
  ecdsa384: ['-t', 'ecdsa', '-b', '384'],
  ecdsa521: ['-t', 'ecdsa', '-b', '521'],
}

export function makeKey(folder: string, type: keyof typeof TYPES = 'ed25519', passphrase = ''): TestKey {
  const file = join(folder, `key-${type}${passphrase === '' ? '' : '-locked'}`)
  execFileSync('ssh-keygen', ['-q', '-N', passphrase, '-C', 'a test', ...TYPES[type]!, '-f', file])
  return {
    file,
    public: readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' '),
    fingerprint: execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' }).split(' ')[1]!,
  }
}

/** A file of allowed signers, and the arguments that show it to git. */
export function allowSigners(folder: string, ...lines: string[]): { file: string; git: readonly string[] } {
  const file = join(folder, 'allowed-signers')
  writeFileSync(file, `# who may sign\n\n${lines.join('\n')}\n`)
  return { file, git: ['-c', 'gpg.format=ssh', '-c', `gpg.ssh.allowedSignersFile=${file}`] }
}
