/** The repository's own `config`: what we can work with, and what we refuse. Source: git-config(1). */
import { UnsupportedError } from '../errors.ts'

/** `section.subsection.key` (section and key in lower case) to its values, in order. */
export type Config = ReadonlyMap<string, readonly string[]>

/** What a new store gets. */
export const NEW_CONFIG = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
	fsync = committed
[gc]
	auto = 0
[receive]
	autogc = false
[forkpoint]
	format = 1
`

/** Reads a config file. Includes are not followed; they stand in the result like any key. */
export function parseConfig(text: string): Config {
  const config = new Map<string, string[]>()
  let section = ''
  const lines = text.replace(/\\\r?\n/g, '').split(/\r?\n/)
  for (const raw of lines) {
    let line = raw.trim()
    const head = /^\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/.exec(line)
    if (head !== null) {
      const sub = head[2]?.replace(/\\(.)/g, '$1')
      section = head[1]!.toLowerCase() + (sub === undefined ? '' : `.${sub}`)
      line = line.slice(head[0].length).trim()
    }
    const entry = /^([A-Za-z][\w-]*)\s*(?:=\s*(.*))?$/.exec(line)
    if (entry === null) continue
    const key = `${section}.${entry[1]!.toLowerCase()}`
    config.set(key, [...(config.get(key) ?? []), entry[2] === undefined ? 'true' : value(entry[2])])
  }
  return config
}

/** The last value of a key. */
export const configValue = (config: Config, key: string): string | undefined => config.get(key)?.at(-1)

export const isTrue = (text: string | undefined): boolean =>
  text !== undefined && /^(?:true|yes|on|1)$/i.test(text)

/** Throws UnsupportedError for a repository that this object layer would misread or damage. */
export function checkConfig(config: Config): void {
  const version = configValue(config, 'core.repositoryformatversion') ?? '0'
  if (version !== '0' && version !== '1') {
    throw new UnsupportedError(
      'repository format',
      `The repository has format version ${version}; versions 0 and 1 are supported.`,
    )
  }
  const format = configValue(config, 'extensions.objectformat')?.toLowerCase()
  if (format !== undefined && format !== 'sha1') {
    throw new UnsupportedError(
      'object format',
      `The repository uses ${format} object ids; only sha1 repositories are supported. Create the store in a new folder.`,
    )
  }
  const storage = configValue(config, 'extensions.refstorage')?.toLowerCase()
  if (storage !== undefined && storage !== 'files') {
    throw new UnsupportedError(
      'ref storage',
      `The repository keeps its refs as ${storage}; only files are supported. 'git refs migrate --ref-format=files' converts it.`,
    )
  }
  const promisor = [...config].some(
    ([key, values]) => /^remote\..*\.(?:promisor|partialclonefilter)$/.test(key) && values.at(-1) !== 'false',
  )
  if (promisor || config.has('extensions.partialclone')) {
    throw new UnsupportedError(
      'partial clone',
      'The repository is a partial clone: some of its objects are elsewhere. Clone it again without --filter.',
    )
  }
  for (const key of config.keys()) {
    if (!key.startsWith('extensions.') || KNOWN_EXTENSIONS.has(key) || version === '0') continue
    throw new UnsupportedError(
      'extension',
      `The repository uses the extension '${key.slice('extensions.'.length)}', which is not supported.`,
    )
  }
  if (!isTrue(configValue(config, 'core.bare') ?? 'false')) {
    throw new UnsupportedError(
      'work tree',
      "The repository has a work tree. A store is a bare repository of its own: clone it with 'git clone --mirror', or use another folder.",
    )
  }
  const ours = Number(configValue(config, 'forkpoint.format') ?? '1')
  if (ours !== 1) {
    throw new UnsupportedError(
      'format',
      `The store has format ${ours}, which is newer than this version of forkpoint knows. Upgrade forkpoint.`,
    )
  }
}

const KNOWN_EXTENSIONS = new Set([
  'extensions.objectformat',
  'extensions.refstorage',
  'extensions.noop',
  'extensions.preciousobjects',
])

/** Quotes, escapes and comments of a value. */
function value(text: string): string {
  let out = ''
  let quoted = false
  let kept = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === '"') quoted = !quoted
    else if (char === '\\') {
      const next = text[++i] ?? ''
      out += { n: '\n', t: '\t', b: '\b' }[next] ?? next
    } else if (!quoted && (char === '#' || char === ';')) break
    else {
      out += char
      if (!quoted && /\s/.test(char)) continue
    }
    kept = out.length
  }
  return out.slice(0, kept)
}
