/** A pager, chosen as git does: `GIT_PAGER`, then `PAGER`, then less where it is installed. */
import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'

export interface Pager {
  stdin: Writable
  /** Resolves when the reader has left it. */
  closed: Promise<void>
}

/** The command to run by a shell; `undefined`: nobody wants one. */
export function pagerCommand(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = env.GIT_PAGER ?? env.PAGER
  if (named === undefined) return process.platform === 'win32' ? undefined : LESS
  return named === '' || named === 'cat' ? undefined : named
}

/** Starts it on the terminal that this process has. */
export function startPager(command: string, env: Readonly<Record<string, string | undefined>>): Pager {
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    // As git: quit at once when all fits, keep colours, leave the screen as it is.
    env: { ...env, LESS: env.LESS ?? 'FRX', LV: env.LV ?? '-c' },
  })
  const closed = new Promise<void>((resolve) =>
    child.once('close', () => resolve()).once('error', () => resolve()),
  )
  return { stdin: child.stdin, closed }
}

const LESS = 'if command -v less >/dev/null 2>&1; then exec less; else exec cat; fi'
