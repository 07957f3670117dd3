/** Commands that run code other than a command line, from an argument, stdin or elsewhere. */
import { HOLE } from '../pattern.ts'
import type { ShellWord } from './word.ts'
import { baseName, isShell } from './wrappers.ts'

const INTERPRETERS = new Set(
  'python pypy perl ruby irb node nodejs deno bun tsx ts-node php lua luajit tclsh wish Rscript R osascript pwsh powershell julia ghci scala groovy jshell elixir erl iex guile racket sbcl gforth octave sqlite3 psql mysql'.split(
    ' ',
  ),
)
const CODE_OPTION =
  /^(?:-[A-Za-z]*[ceErp]|--?(?:eval|exec|execute|print|command|require|import|loader|run)(?:$|=))/
const STDIN = /^(?:-|\/dev\/(?:stdin|fd\/.*)|\/proc\/.*)$/
const HARMLESS_OPTION = /^(?:-v|-V|-h|--version|--help)$/
const SUBCOMMANDS = new Set(['eval', 'repl', 'x', 'exec', '-'])

/** Commands that run their arguments as shell text, on another machine, or in a program of their own. */
const RUNNERS = new Set(
  'su runuser pkexec script watch parallel at batch ssh expect chroot unshare nsenter setpriv capsh prlimit numactl setarch linux32 linux64 fakeroot proot firejail bwrap chpst gosu su-exec chronic systemd-run start-stop-daemon dbus-run-session xvfb-run run-parts screen tmux strace ltrace perf gdb lldb valgrind entr nodemon watchexec hyperfine socat vi vim nvim ex ed emacs view'.split(
    ' ',
  ),
)

/** Commands that do so only with some words. */
const RUNNERS_WITH: Readonly<Record<string, RegExp>> = {
  crontab: / [^ -]| -$| -e/,
  nc: / -[a-zA-Z]*[ec]/,
  ncat: / -[a-zA-Z]*[ec]| --(?:exec|sh-exec|lua-exec)/,
  docker: / (?:run|exec|build|compose|buildx)(?: |$)/,
  podman: / (?:run|exec|build)(?: |$)/,
  kubectl: / (?:exec|run|debug|cp)(?: |$)/,
  make: / (?:--eval|-f ?-|-f ?\/dev|[A-Z_]+=)/,
  gmake: / (?:--eval|-f ?-|-f ?\/dev|[A-Z_]+=)/,
  tar: / (?:--(?:to-c|checkpoint-a|use-c|rsh|rmt|info-s|new-v)|-[a-zA-Z]*[IF])|^ [a-zA-Z]*[IF]/,
  rsync: / (?:-[a-zA-Z]*e|--rsh|--rsync-path)/,
  scp: / -[a-zA-Z0-9]*[So]/,
  sftp: / -[a-zA-Z0-9]*[SoDb]/,
  zip: / (?:-[a-zA-Z]*T|--unzip)/,
  sort: / --compress-prog/,
  split: / --filter/,
  rg: / --(?:pre|hostname-bin)(?:[ =]|$)/,
  ag: / --pager/,
  bat: / --pager/,
  fd: / (?:-[a-zA-Z]*[xX]|--exec)/,
  fdfind: / (?:-[a-zA-Z]*[xX]|--exec)/,
  man: / (?:-[a-zA-Z]*[PH]|--pager|--html)/,
  curl: / (?:-K|--config)/,
  git: / ext::| (?:-c|--config-env|--exec-path|--upload-pack|--receive-pack|clone -u|--open-files-in-pager|--smtp-server|send-email|--extcmd|--exec|-x|-O[^ ]*|config|alias|filter-branch|difftool|mergetool|submodule foreach|bisect run)(?:[ =]|$)/,
  npm: / (?:explore|config|set)(?: |$)| -c|--call|--script-shell/,
  npx: / (?:-c|--call)(?:[ =]|$)/,
  go: / (?:run|generate|-exec)(?:[ =]|$)|-toolexec|-vettool/,
  cargo: / --config/,
}

/**
 * `always`: the purpose of the program is to run other code. `here`: it does so only with these words, which a rule for
 * its bare name does not cover.
 */
export type Opaque = 'always' | 'here'

/** Whether a command runs code other than a command line, so that its effect is unknown. */
export function opaqueness(command: readonly ShellWord[]): Opaque | undefined {
  const name = baseName(command[0]!.text)
  const rest = command.slice(1)
  if (/^ld(?:-linux.*|-musl.*|)?\.so/.test(name)) return 'always'
  if (isShell(name) || INTERPRETERS.has(name.replace(/[\d.-]+$/, '')))
    return interpreter(rest) ? 'always' : undefined
  if (/^[gmn]?awk$/.test(name)) return rest.every(({ text }) => isPlainAwk(text)) ? undefined : 'here'
  if (/^g?sed$/.test(name)) return isPlainSed(rest) ? undefined : 'here'
  if (RUNNERS.has(name)) return 'always'
  const words = ` ${rest.map(({ text }) => text).join(' ')}`
  return Object.hasOwn(RUNNERS_WITH, name) && RUNNERS_WITH[name]!.test(words) ? 'here' : undefined
}

/** The text after a shell's `-c`, if it is known. */
export function shellText(words: readonly ShellWord[]): string | undefined {
  if (!isShell(words[0]!.text)) return undefined
  let isGiven = false
  for (let at = 1; at < words.length; at++) {
    const { text, many } = words[at]!
    if (many) return undefined
    if (/^[-+]/.test(text)) {
      // Only clusters of letters: `-o` and long options take a value.
      if (!/^[-+][a-nA-Np-zP-Z]+$/.test(text)) return undefined
      isGiven ||= text.startsWith('-') && text.includes('c')
    } else return isGiven && !text.includes(HOLE) ? text : undefined
  }
  return undefined
}

function interpreter(rest: readonly ShellWord[]): boolean {
  if (rest.length > 0 && rest.every(({ text }) => HARMLESS_OPTION.test(text))) return false
  if (rest.some(({ many, text }) => many || text.startsWith(HOLE) || STDIN.test(text))) return true
  // A word after an option may be its value; the script is the first word that is not.
  const isOption = (index: number): boolean => rest[index]?.text.startsWith('-') ?? false
  const end = rest.findIndex((_, index) => !isOption(index) && !isOption(index - 1))
  const before = end === -1 ? rest : rest.slice(0, end)
  if (before.some(({ text }) => text === '-m')) return false
  if (before.some(({ text }) => CODE_OPTION.test(text))) return true
  const operands = rest.filter((_, index) => !isOption(index))
  return operands.length === 0 || SUBCOMMANDS.has(operands[0]!.text)
}

/** Scripts that neither run a command nor open a file. */
function isPlainAwk(text: string): boolean {
  if (text.includes(HOLE) || /system|@|getline|close|^-[fieEl]|^--/.test(text)) return false
  return text.split(/[;{}\n]/).every((statement) => {
    const print = statement.indexOf('print')
    return print === -1 || !/[|>]/.test(statement.slice(print))
  })
}

/** Such as `1,5p` and `s/a/b/g`. */
function isPlainSed(rest: readonly ShellWord[]): boolean {
  const scripts = rest.filter(
    ({ text }, index) => /^(?:-[a-zA-Z]*e|--expression)$/.test(rest[index - 1]?.text ?? '') && text !== '',
  )
  const options = rest.filter(({ text }) => text.startsWith('-') && text !== '-')
  if (
    options.some(
      ({ text }) =>
        !/^(?:-[nEriesz]+|-i\S*|--(?:quiet|silent|regexp-extended|in-place(?:=.*)?|expression|posix|null-data))$/.test(
          text,
        ),
    )
  )
    return false
  const first = rest.find(({ text }) => !text.startsWith('-'))
  return (scripts.length > 0 ? scripts : first === undefined ? [] : [first]).every(({ text }) =>
    isPlainScript(text),
  )
}

function isPlainScript(text: string): boolean {
  if (text.includes(HOLE) || text.includes('\n')) return false
  if (/^[\d$,;~+!pdq=\s]*$/.test(text)) return true
  const rest = text.replace(/^(?:\d+|\$)?(?:,(?:\d+|\$))?\s*/, '')
  if (rest.startsWith('/') && /^\/[^/]*\/[pdq]?$/.test(rest)) return true
  const pieces = /^s([^\w\s\\])/.test(rest) ? rest.slice(2).replace(/\\./g, '').split(rest[1]!) : []
  return pieces.length === 3 && /^[gpiI0-9]*$/.test(pieces[2]!)
}
