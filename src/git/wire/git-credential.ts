/** Gets credentials as git does, from the user's own helpers (git-credential(1)), without prompts on a terminal. */
import { dirname } from 'node:path'
import { findGit } from '../upkeep/native/git.ts'
import type { CredentialSource, Credentials } from './credentials.ts'

/**
 * Makes a source that asks `git credential fill`, and reports to git which answers were right. It has no credentials if
 * there is no git binary, or no helper has an answer.
 */
export function gitCredential(): CredentialSource {
  let filled: { fields: string; credentials: Credentials } | undefined
  return {
    async ask({ url, refused, challenge }) {
      if (filled !== undefined && refused === filled.credentials) await run('reject', filled.fields)
      filled = undefined
      const place = placeOf(url)
      const asked = challenge === undefined ? '' : `wwwauth[]=${oneLine(challenge)}\n`
      const answer = place === undefined ? undefined : await run('fill', `${place}${asked}`)
      const { username, password } = Object.fromEntries(
        (answer ?? '').split('\n').map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
      ) as Record<string, string | undefined>
      if (answer === undefined || username === undefined || password === undefined) return undefined
      filled = { fields: answer, credentials: { username, password } }
      return filled.credentials
    },
    async accepted(credentials) {
      if (credentials === filled?.credentials) await run('approve', filled.fields)
    },
  }
}

function placeOf(url: string): string | undefined {
  const { protocol, host, pathname } = new URL(url)
  const lines = [`protocol=${protocol.slice(0, -1)}`, `host=${host}`, `path=${pathname.slice(1)}`]
  // A line feed would begin another field, such as another host.
  return lines.some((line) => oneLine(line) !== line) ? undefined : `${lines.join('\n')}\n`
}

const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f]/g, ' ')

/** Runs git and returns what it prints; `undefined` if it has no answer. Never rejects. */
async function run(action: 'fill' | 'approve' | 'reject', input: string): Promise<string | undefined> {
  const git = await findGit()
  if (git === undefined) return undefined
  const { spawn } = await import('node:child_process')
  return new Promise((resolve) => {
    const child = spawn(git.file, ['credential', action], {
      // Not a folder in a repository, which could configure its own helpers.
      cwd: dirname(git.file),
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CEILING_DIRECTORIES: dirname(git.file) },
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: PATIENCE,
    })
    const out: Buffer[] = []
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes))
    // Ignores that a process which ended early does not read its input.
    child.stdin.on('error', () => undefined)
    child.on('error', () => resolve(undefined))
    child.on('close', (code) => resolve(code === 0 ? Buffer.concat(out).toString('utf8') : undefined))
    child.stdin.end(`${input.trimEnd()}\n\n`)
  })
}

/** Time limit in milliseconds. A helper may show a window. */
const PATIENCE = 120_000
