/** The commit of the code that a conversation was about. */
import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Environment } from '../config/parser.ts'

const run = promisify(execFile)
/** Milliseconds. */
const PATIENCE = 5000
// Runs nothing that the repository configures, and writes nothing.
const CAREFUL = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null']

/**
 * The commit of the work tree of `workspace`, with `+dirty` if the tree has changes; `undefined` without a work tree, a
 * commit or git.
 */
export async function workspaceCommit(workspace: string, env: Environment): Promise<string | undefined> {
  if (!(await isInWorkTree(resolve(workspace)))) return undefined
  try {
    const options = { cwd: workspace, env: cleaned(env), timeout: PATIENCE, maxBuffer: 64 * 1024 * 1024 }
    const [head, status] = await Promise.all([
      run('git', [...CAREFUL, 'rev-parse', '--verify', 'HEAD^{commit}'], options),
      run('git', [...CAREFUL, 'status', '--porcelain', '--ignore-submodules=all'], options),
    ])
    return head.stdout.trim() + (status.stdout === '' ? '' : '+dirty')
  } catch {
    // No git, no commit yet, or no permission: the trailer is left out.
    return undefined
  }
}

async function isInWorkTree(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await access(join(at, '.git')).then(
      () => true,
      () => false,
    )
    if (found) return true
    if (dirname(at) === at) return false
  }
}

/** Without variables that could name another repository. */
const cleaned = (env: Environment): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^GIT_/i.test(name)))
