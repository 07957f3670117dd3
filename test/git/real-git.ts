/** Real git in a temporary folder, cut off from the configuration of the machine. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const made: string[] = []
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A new empty folder, removed after the last test of the file. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-git-'))
  made.push(folder)
  return folder
}

/** Runs git in `folder`; returns what it prints. Throws when git fails. */
export function git(folder: string, args: readonly string[], input?: string | Uint8Array): Buffer {
  return execFileSync('git', args, {
    cwd: folder,
    input: input ?? '',
    maxBuffer: 1 << 30,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'C',
      GIT_COMMITTER_EMAIL: 'c@example.com',
    },
  })
}

export const gitText = (folder: string, args: readonly string[], input?: string | Uint8Array): string =>
  git(folder, args, input).toString('utf8').trim()

/** A new bare repository; returns its folder. */
export function bareRepository(): string {
  const folder = tempFolder()
  git(folder, ['init', '--bare', '--quiet', '--initial-branch=main', '.'])
  return folder
}
