/** `ssh-keygen -Y sign`: keys that are encrypted, in a device or of another type, most of them by way of the SSH agent. */
import { NAMESPACE } from './sshsig.ts'

/** Milliseconds; other processes wait for our locks no longer than this either. */
const PATIENCE = 10_000

/**
 * Signs with the key of the file, or with the agent's key when the file is its public half (or it is encrypted). No
 * passphrase is asked for, because locks are held meanwhile. Throws an error with ssh-keygen's words.
 */
export async function signWithKeygen(file: string, data: Uint8Array): Promise<string> {
  const { spawn } = await import('node:child_process')
  return new Promise((resolve, reject) => {
    const child = spawn('ssh-keygen', ['-Y', 'sign', '-n', NAMESPACE, '-f', file], {
      // No terminal and no window, so that it cannot ask.
      detached: true,
      env: { ...process.env, SSH_ASKPASS_REQUIRE: 'never' },
      timeout: PATIENCE,
    })
    const [out, said]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes))
    child.stderr.on('data', (bytes: Buffer) => said.push(bytes))
    // A process that ended early does not read its input; the exit code says more.
    child.stdin.on('error', () => undefined)
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('There is no ssh-keygen here; install OpenSSH') : error),
    )
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out).toString('latin1').trimEnd())
      else if (signal !== null) reject(new Error(`ssh-keygen did not answer within ${PATIENCE / 1000} s`))
      else {
        // ssh-keygen prints its question first, although it cannot be answered.
        const reason = Buffer.concat(said).toString('utf8').replace('Enter passphrase:', '').trim()
        reject(
          new Error(
            `ssh-keygen: ${reason || `exit code ${code}`} (an encrypted key has to be in the SSH agent: ssh-add)`,
          ),
        )
      }
    })
    child.stdin.end(data)
  })
}
