/** The files that a command names, and what it does to them. */
import { HOLE } from '../pattern.ts'
import type { ShellWord } from './word.ts'
import { baseName } from './wrappers.ts'

export interface FileUse {
  kind: 'read' | 'write' | 'ls'
  /** Its name in the command; with holes for parts that are known only when the command runs. */
  path: string
  /**
   * `redirection`: certainly used, by the shell. `named`: used by a command that is known to do so. `mentioned`: a word
   * of a command that may do anything with it. `below`: everything in this folder, if it is one.
   */
  how: 'redirection' | 'named' | 'mentioned' | 'below'
}

const set = (names: string): ReadonlySet<string> => new Set(names.split(' '))

const READS = set(
  'cat head tail less more most nl tac rev od xxd hexdump hd strings wc sort uniq cut paste join comm diff diff3 sdiff cmp fold fmt pr column expand unexpand base64 base32 md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum file look shuf tsort iconv bat batcat zcat bzcat xzcat zless zmore gunzip grep egrep fgrep zgrep rg ag ack sed awk gawk mawk nawk jq yq xmllint source . cd pushd split csplit envsubst',
)
const LISTS = set('ls dir vdir tree find fd fdfind du stat readlink realpath')
const WRITES = set(
  'tee touch rm rmdir unlink shred truncate mkdir mkfifo mknod chmod chown chgrp chattr setfacl patch fallocate',
)
const COPIES = set('cp mv ln install rsync scp')
/** Commands whose words are never files. */
const NO_FILES = set(
  'echo printf true false : test [ [[ exit return break continue sleep kill pwd date whoami id uname hostname which type seq export unset set shift umask times jobs wait local declare readonly typeset read',
)
const PATTERN_FIRST = set('grep egrep fgrep zgrep rg ag ack sed awk gawk mawk nawk jq yq')
const ALWAYS_BELOW = set('rg ag ack mv rsync')
const RECURSIVE = set('grep egrep fgrep zgrep cp rm chmod chown chgrp diff scp')
const OUTPUT_OPTION =
  /^(?:-o|-O|--output|--output-document|--output-file|--out|--outfile|-t|--target-directory)$/
/** Options of subcommands of git that change files of the workspace. */
const GIT_WRITES = set('checkout restore rm mv clean apply am stash reset revert merge rebase pull switch')

/** Commands that use their words as data, files or names, and run none of them. */
const PLAIN = set('git tr yes basename dirname mktemp cal df ps top free')
const KNOWN = [READS, LISTS, WRITES, COPIES, NO_FILES, PLAIN]

/** Whether a command is known to run none of its words. */
export const isKnown = (name: string): boolean => KNOWN.some((names) => names.has(baseName(name)))

/** Commands that run or read their files, and write others. */
const ONLY_READS = set(
  'git node nodejs python pypy ruby perl php lua bash sh dash zsh tsx ts-node tsc vitest jest mocha pytest go cargo rustc gcc g++ clang cc make npm pnpm yarn docker curl wget env time',
)
/** Subcommands of git that change or delete any files. */
const GIT_SWEEPS = set('clean --hard')

/** How a command uses the files that its words name. */
export function filesNamed(words: readonly ShellWord[]): FileUse[] {
  const name = baseName(words[0]?.text ?? '')
  if (words.length === 0 || NO_FILES.has(name)) return []
  const texts = words.slice(1).map(({ text }) => text)
  const operands = operandsOf(texts)
  const uses: FileUse[] = []
  const add = (kind: FileUse['kind'], how: FileUse['how'], paths: readonly string[]): void => {
    for (const path of paths) if (path !== '') uses.push({ kind, how, path })
  }
  const options = texts.filter((text) => text.startsWith('-'))
  const isRecursive = options.some((option) =>
    /^-[a-zA-Z]*[rRad]|^--(?:recursive|archive|deref|dir)/.test(option),
  )
  const below = ALWAYS_BELOW.has(name) || (RECURSIVE.has(name) && isRecursive)
  add('write', 'named', valuesOf(texts, OUTPUT_OPTION))
  if (COPIES.has(name)) {
    const target = valuesOf(texts, /^(?:-t|--target-directory)$/)[0] ?? operands.at(-1) ?? ''
    // An unknown word may be several: `.env{,.bak}`.
    const sources = operands.filter((operand) => operand !== target || operand.includes(HOLE))
    add('read', 'named', sources)
    add('write', 'named', [target, ...sources.map((source) => `${target}/${baseName(source)}`)])
    if (name === 'mv') add('write', 'named', sources)
    if (below)
      for (const kind of ['read', ...(name === 'mv' ? ['write'] : [])] as const)
        add(kind as 'read', 'below', sources)
    if (name === 'ln') add('write', 'named', sources)
  } else if (name === 'dd') {
    add('read', 'named', assigned(texts, 'if='))
    add('write', 'named', assigned(texts, 'of='))
  } else if (READS.has(name)) {
    const hasPattern =
      PATTERN_FIRST.has(name) &&
      !options.some((option) => /^-[a-zA-Z]*[ef]|^--(?:regexp|file|expression|from-file)/.test(option))
    const files = hasPattern ? operands.slice(1) : operands
    add('read', 'named', files)
    if (below) add('read', 'below', files.length > 0 ? files : ['.'])
    add('read', 'mentioned', texts.filter((text) => text.startsWith('-')).flatMap(partsOf))
    if (/sed$/.test(name) && options.some((option) => /^-[a-zA-Z]*i|^--in-place/.test(option)))
      add('write', 'named', files)
  } else if (WRITES.has(name)) {
    add('write', 'named', operands)
    add('read', 'mentioned', options.flatMap(partsOf))
    if (below) add('write', 'below', operands)
  } else if (LISTS.has(name)) {
    add('ls', 'named', operands)
    if (name === 'find' && texts.some((text) => /^-(?:delete|fprint|fls)/.test(text))) {
      add('write', 'below', startsOf(texts))
      add('write', 'named', valuesOf(texts, /^-(?:fprint0?|fprintf|fls)$/))
    }
    if (name === 'find' && texts.some((text) => /^-(?:exec|ok)/.test(text))) {
      add('read', 'below', startsOf(texts))
      add('write', 'below', startsOf(texts))
    }
  } else {
    const parts = texts.flatMap(partsOf)
    add('read', 'mentioned', parts)
    if (!ONLY_READS.has(name.replace(/[\d.]+$/, ''))) add('write', 'mentioned', parts)
    if (name === 'git') {
      if (texts.some((text) => GIT_WRITES.has(text))) add('write', 'mentioned', parts)
      if (texts.some((text) => GIT_SWEEPS.has(text))) add('write', 'below', ['.'])
      if (texts.includes('grep')) add('read', 'below', ['.'])
    }
    if (/^(?:tar|zip|7z|7za|cpio|pax)$/.test(name)) add('read', 'below', operands)
  }
  return uses
}

/** The folders that a command changes to, or is told to work in. */
export function foldersEntered(words: readonly ShellWord[]): string[] {
  const name = baseName(words[0]?.text ?? '')
  const texts = words.slice(1).map(({ text }) => text)
  if (name === 'popd') return [HOLE]
  if (name === 'cd' || name === 'pushd') {
    const [folder] = operandsOf(texts)
    return [folder === undefined || folder === '-' || words.some(({ many }) => many) ? HOLE : folder]
  }
  const attached = texts.flatMap(
    (text) => /^(?:-C|--directory=|--chdir=|--cwd=|--prefix=)(.+)$/s.exec(text)?.[1] ?? [],
  )
  return [...valuesOf(texts, /^(?:-C|--directory|--chdir|--cwd|--prefix)$/), ...attached]
}

/** Words that are not options; after `--`, all words. */
function operandsOf(texts: readonly string[]): string[] {
  const end = texts.indexOf('--')
  return texts.filter(
    (text, index) =>
      (end !== -1 && index > end) || (text !== '--' && (text === '-' || !text.startsWith('-'))),
  )
}

/** Where `find` starts: the words before its first test. */
function startsOf(texts: readonly string[]): string[] {
  const end = texts.findIndex((text) => /^[-(!]/.test(text))
  const starts = end === -1 ? texts : texts.slice(0, end)
  return starts.length > 0 ? [...starts] : ['.']
}

const valuesOf = (texts: readonly string[], option: RegExp): string[] =>
  texts.flatMap((text, index) => {
    if (option.test(texts[index - 1] ?? '')) return [text]
    const equal = text.startsWith('--') ? text.indexOf('=') : -1
    return equal !== -1 && option.test(text.slice(0, equal)) ? [text.slice(equal + 1)] : []
  })

const assigned = (texts: readonly string[], name: string): string[] =>
  texts.filter((text) => text.startsWith(name)).map((text) => text.slice(name.length))

/** Every piece of a word that may be the name of a file: `--file=x`, `-fx`, `HEAD:x`, `@x`. */
function partsOf(text: string): string[] {
  const pieces = text.split(/[=:@,]/)
  const attached = /^-[A-Za-z]./.test(text) ? [text.slice(2)] : []
  return [...new Set([text, ...(pieces.length > 1 ? pieces : []), ...attached])]
}
