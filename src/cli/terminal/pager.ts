/** Runs a pager, chosen like git's: `GIT_PAGER`, then `PAGER`, then less if it is installed. */
import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'

export interface Pager {
  stdin: Writable
  /** Resolves when the user has quit the pager. */
  closed: Promise<void>
}

/** Returns the command to run in a shell; `undefined` if no pager is wanted. */
export function pagerCommand(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = env.GIT_PAGER ?? env.PAGER
  if (named === undefined) return process.platform === 'win32' ? undefined : LESS
  return named === '' || named === 'cat' ? undefined : named
}

/** Starts the pager on the terminal of this process. */
export function startPager(command: string, env: Readonly<Record<string, string | undefined>>): Pager {
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    // As git: quit at once if everything fits, keep colours, do not clear the screen.
    env: { ...env, LESS: env.LESS ?? 'FRX', LV: env.LV ?? '-c' },
  })
  const closed = new Promise<void>((resolve) =>
    child.once('close', () => resolve()).once('error', () => resolve()),
  )
  return { stdin: child.stdin, closed }
}

const LESS = 'if command -v less >/dev/null 2>&1; then exec less; else exec cat; fi'
