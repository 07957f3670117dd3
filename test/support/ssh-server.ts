/** The real sshd on a free port of 127.0.0.1, with keys of its own: behind it git-shell, or gitolite in a home of its own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { configInDocs } from './config-in-docs.ts'
import { freePort, untilItListens } from './ports.ts'

const lacking = (...programs: string[]): string[] =>
  programs.filter((name) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${name}`]).status !== 0)

const missing = lacking('sshd', 'ssh', 'ssh-keygen', 'git-shell')
/** Where something is missing, tests that need it say that they are skipped. */
export const hasSshd = missing.length === 0
if (!hasSshd) console.warn(`SKIPPED: there is no ${missing.join(', ')} here: git over ssh is NOT tested.`)

export const hasGitolite = hasSshd && lacking('gitolite').length === 0
if (!hasGitolite) console.warn('SKIPPED: there is no gitolite here: sharing through it is NOT tested.')

export interface SshServer {
  /** `ssh://user@127.0.0.1:…` */
  url: string
  /** For GIT_SSH_COMMAND: the client with its key, and nothing of the user's. */
  command: string
  close(): Promise<void>
}

interface Started extends SshServer {
  /** Of the client. */
  publicKey: string
  /** Who may do what: lines of authorized_keys(5). */
  authorized: string
}

/** Serves bare repositories by their paths, with git-shell. `work`: a folder for its files. */
export async function startSshd(work: string): Promise<SshServer> {
  const server = await start(work, work)
  const shell = 'command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"",restrict'
  writeFileSync(server.authorized, `${shell} ${server.publicKey}`)
  return server
}

/** Serves the repository `sessions.git`, set up as the page about fleets says. */
export async function startGitolite(home: string): Promise<SshServer & { folder: string }> {
  mkdirSync(join(home, '.ssh'))
  const server = await start(home, home)
  const env = {
    ...process.env,
    HOME: home,
    USER: userInfo().username,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ann',
    GIT_AUTHOR_EMAIL: 'ann@example.com',
    GIT_COMMITTER_NAME: 'Ann',
    GIT_COMMITTER_EMAIL: 'ann@example.com',
  }
  const run = (...args: string[]) => execFileSync('gitolite', args, { env, cwd: home, stdio: 'pipe' })
  const key = join(home, 'ann.pub')
  writeFileSync(key, server.publicKey)
  run('setup', '-pk', key)
  const settings = readFileSync(join(home, '.gitolite.rc'), 'utf8')
  writeFileSync(
    join(home, '.gitolite.rc'),
    settings.replace(
      /GIT_CONFIG_KEYS\s*=>\s*'[^']*'/,
      configInDocs('docs/fleet.md', 'perl').trim().replace(/,$/, ''),
    ),
  )
  const conf = join(home, '.gitolite/conf/gitolite.conf')
  const rules = configInDocs('docs/fleet.md', 'gitolite').replace('alice build-7', 'ann')
  writeFileSync(conf, `${readFileSync(conf, 'utf8')}\n${rules}`)
  run('compile')
  run('trigger', 'POST_COMPILE')
  return { ...server, folder: join(home, 'repositories/sessions.git') }
}

/** @param home of the sessions that it serves */
async function start(work: string, home: string): Promise<Started> {
  const port = await freePort()
  const [hostKey, key, authorized, hosts] = ['host', 'client', 'authorized', 'hosts'].map((name) =>
    join(work, name),
  ) as [string, string, string, string]
  for (const file of [hostKey, key])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file])
  const isGitolite = existsSync(join(home, '.ssh'))
  const keys = isGitolite ? join(home, '.ssh/authorized_keys') : authorized
  writeFileSync(keys, '')
  writeFileSync(hosts, `[127.0.0.1]:${port} ${readFileSync(`${hostKey}.pub`, 'utf8')}`)
  const configuration = join(work, 'sshd_config')
  writeFileSync(
    configuration,
    `ListenAddress 127.0.0.1:${port}
HostKey ${hostKey}
PidFile none
AuthorizedKeysFile ${keys}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
AcceptEnv GIT_PROTOCOL
SetEnv HOME=${home}
`,
  )
  // What its service makes, where sshd gives up the rights of root.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const path = spawnSync('sh', ['-c', 'PATH=$PATH:/usr/sbin command -v sshd'], {
    encoding: 'utf8',
  }).stdout.trim()
  const child: ChildProcess = spawn(path, ['-D', '-e', '-f', configuration], { stdio: 'ignore' })
  await untilItListens(port, 'sshd')
  const options = ['IdentitiesOnly=yes', `UserKnownHostsFile=${hosts}`, 'BatchMode=yes', 'LogLevel=ERROR']
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    command: `ssh -F none -i ${key} ${options.map((option) => `-o ${option}`).join(' ')}`,
    publicKey: readFileSync(`${key}.pub`, 'utf8'),
    authorized: keys,
    async close() {
      const ended = new Promise((resolve) => child.once('close', resolve))
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill()
      await ended
    },
  }
}
