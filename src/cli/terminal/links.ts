/** Recognizes terminals that open links (OSC 8). Some others print them as letters. */
import { spawnSync } from 'node:child_process'

type Environment = Readonly<Record<string, string | undefined>>

/** Whether the terminal opens links. FORCE_HYPERLINK overrides the answer; `0` means that it does not. */
export function knowsLinks(env: Environment): boolean {
  const { FORCE_HYPERLINK: told, TERM = '', TERM_PROGRAM = '', TERM_PROGRAM_VERSION = '' } = env
  if (told !== undefined && told !== '') return told !== '0'
  // A multiplexer may not pass links through.
  if (env.TMUX || env.STY || /^(?:screen|tmux|dumb)/.test(TERM)) return false
  if (/^(?:xterm-kitty|xterm-ghostty|wezterm|foot(?:-.*)?)$/.test(TERM)) return true
  if (env.WT_SESSION || env.KITTY_WINDOW_ID || env.DOMTERM) return true
  const since = SINCE[TERM_PROGRAM]
  if (since !== undefined) return isAtLeast(TERM_PROGRAM_VERSION, since)
  // VTE 0.50.0 crashed on links.
  return Number(env.VTE_VERSION ?? 0) > 5000
}

/** Whether a pager passes links through: less does since version 566, if it keeps colours. */
export function pagerKnowsLinks(command: string, env: Environment): boolean {
  const [program = ''] = command.split(/\s/)
  if (program.split('/').at(-1) !== 'less' || !/R/.test(env.LESS ?? 'FRX')) return false
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 1000 })
  return Number(/^less (\d+)/.exec(stdout ?? '')?.[1] ?? 0) >= 566
}

const SINCE: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  'iTerm.app': [3, 1],
  WezTerm: [0, 0],
  ghostty: [0, 0],
  vscode: [1, 72],
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [is = 0, part = 0] = version.split('.').map(Number)
  return is > major || (is === major && part >= minor)
}
