/** Commands that run their arguments as a command. */
import { HOLE } from '../pattern.ts'
import { isPlainVariable } from './builtins.ts'
import type { ShellWord } from './word.ts'

interface Wrapper {
  /** Letters of options without a value, and of options whose value is the next word. */
  flags?: string
  values?: string
  long?: readonly string[]
  /** Number of words between the options and the command. */
  skip?: number
  /** Whether `NAME=value` may come before the command. */
  assigns?: true
  /** Options with which it runs nothing. */
  asks?: string
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  sudo: { flags: 'AbEHnPS', values: 'CDghpRTUu', assigns: true },
  doas: { flags: 'n', values: 'Cu' },
  env: { flags: 'i0v', values: 'uC', long: ['ignore-environment', 'null', 'debug'], assigns: true },
  command: { flags: 'p', asks: 'vV' },
  builtin: {},
  exec: { flags: 'cl', values: 'a' },
  nohup: {},
  nice: { flags: '0123456789', values: 'n' },
  ionice: { flags: 't', values: 'cn' },
  time: { flags: 'pvqa', values: 'fo' },
  timeout: { flags: 'v', values: 'ks', long: ['preserve-status', 'foreground', 'verbose'], skip: 1 },
  stdbuf: { values: 'ioe' },
  setsid: { flags: 'cfw' },
  flock: { flags: 'xnsuoF', values: 'wE', long: ['exclusive', 'nonblock', 'shared', 'no-fork'], skip: 1 },
  taskset: { flags: 'ac', skip: 1 },
  chrt: { flags: 'abfior', skip: 1 },
  xargs: { flags: '0rtpxo', values: 'adEInLPs', long: ['null', 'no-run-if-empty', 'verbose'] },
  caffeinate: { flags: 'dimsu', values: 'tw' },
  busybox: {},
  toybox: {},
  npx: { flags: 'yq', values: 'p', long: ['yes', 'no', 'no-install', 'quiet'] },
  bunx: { long: ['bun'] },
  'jobs -x': {},
  'npm exec': { flags: 'yq', long: ['yes', 'no'] },
  'npm x': { flags: 'yq', long: ['yes', 'no'] },
  'pnpm exec': {},
  'pnpm dlx': {},
  'yarn exec': {},
  'yarn dlx': {},
  'bundle exec': {},
  'poetry run': {},
  'pipenv run': {},
  'uv run': {},
}

const SHELLS = new Set('sh bash dash zsh ksh mksh ash rbash fish csh tcsh'.split(' '))

/** A command inside another. */
export interface Inner {
  words: readonly ShellWord[]
  /** Index of its first word among the words of the outer command. */
  at: number
  /** The wrapper sets variables that may change what runs. */
  assigns: boolean
}

/** The commands that a command runs, none for a plain one; `undefined` when that is uncertain. */
export function innerCommands(words: readonly ShellWord[]): readonly Inner[] | undefined {
  const name = baseName(words[0]!.text)
  if (name === 'find') return findActions(words)
  const two = `${name} ${words[1]?.text ?? ''}`
  const wrapper = Object.hasOwn(WRAPPERS, two)
    ? WRAPPERS[two]
    : Object.hasOwn(WRAPPERS, name)
      ? WRAPPERS[name]
      : undefined
  if (wrapper === undefined) return []
  return wrapped(words, wrapper, wrapper === WRAPPERS[two] ? 2 : 1)
}

/** Whether a command runs its arguments, so that any of its words may begin a command. */
export function isWrapper(words: readonly ShellWord[]): boolean {
  const name = baseName(words[0]?.text ?? '')
  if (isShell(name)) return true
  return (
    name === 'find' ||
    Object.hasOwn(WRAPPERS, name) ||
    Object.hasOwn(WRAPPERS, `${name} ${words[1]?.text ?? ''}`)
  )
}

export const isShell = (name: string): boolean => SHELLS.has(baseName(name).replace(/[\d.-]+$/, ''))

export const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

function wrapped(words: readonly ShellWord[], wrapper: Wrapper, start: number): readonly Inner[] | undefined {
  const { flags = '', values = '', long = [], skip = 0, assigns, asks = '' } = wrapper
  let index = start
  let replaced: string | undefined
  for (; index < words.length; index++) {
    const { text, many } = words[index]!
    if (many || text.startsWith(HOLE)) return undefined
    if (text === '--') {
      index++
      break
    }
    if (text === '-' || !text.startsWith('-')) break
    if (text.startsWith('--')) {
      if (
        text.startsWith('--split-string') ||
        !(
          long.includes(text.slice(2)) ||
          /^--(?:user|group|kill-after|signal|max-args|max-procs|adjustment|delimiter|unset|package)=/.test(
            text,
          )
        )
      )
        return undefined
      continue
    }
    for (let at = 1; at < text.length; at++) {
      const letter = text[at]!
      if (asks.includes(letter)) return []
      if (values.includes(letter)) {
        const value = at + 1 < text.length ? text.slice(at + 1) : words[++index]?.text
        if (letter === 'I' && start === 1) replaced = value
        break
      }
      if (!flags.includes(letter)) return undefined
    }
  }
  let sets = false
  while (assigns && /^[A-Za-z_]\w*=/.test(words[index]?.text ?? '')) {
    sets ||= !isPlainVariable(words[index]!.text.split('=', 1)[0]!)
    index++
  }
  if (words.slice(index, index + skip).some(({ many }) => many)) return undefined
  index += skip
  let inner = words.slice(index)
  if (inner.length === 0) return []
  if (inner[0]!.many || inner[0]!.text.startsWith('-') || inner[0]!.text.includes(HOLE)) return undefined
  if (baseName(words[0]!.text) === 'xargs') {
    inner =
      replaced === undefined
        ? [...inner, { text: HOLE, many: true }]
        : inner.map((word) => withHoles(word, replaced!))
  }
  return [{ words: inner, at: index, assigns: sets }]
}

function withHoles({ text, many }: ShellWord, placeholder: string): ShellWord {
  return { text: placeholder === '' ? text : text.split(placeholder).join(HOLE), many }
}

const ACTIONS = new Set(['-exec', '-execdir', '-ok', '-okdir'])

function findActions(words: readonly ShellWord[]): readonly Inner[] | undefined {
  // An unknown word may be an action.
  if (words.some(({ many, text }) => many || text.startsWith(HOLE))) return undefined
  const found: Inner[] = []
  for (let index = 1; index < words.length; index++) {
    if (!ACTIONS.has(words[index]!.text)) continue
    const end = words.findIndex(({ text }, at) => at > index && (text === ';' || text === '+'))
    const inner = words.slice(index + 1, end === -1 ? undefined : end).map((word) => withHoles(word, '{}'))
    if (inner.length > 0) found.push({ words: inner, at: index + 1, assigns: false })
    if (end === -1) break
    index = end
  }
  return found
}
