/** The repository's own `config`, read without git: what we can work with, and what we refuse. Source: git-config(1). */
import { UnsupportedError } from '../../errors.ts'
import type { Config } from './parser.ts'

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
      `The repository stores its refs as ${storage}; only files are supported. 'git refs migrate --ref-format=files' converts it.`,
    )
  }
  const promisor = [...config].some(
    ([key, values]) => /^remote\..*\.(?:promisor|partialclonefilter)$/.test(key) && values.at(-1) !== 'false',
  )
  if (promisor || config.has('extensions.partialclone')) {
    throw new UnsupportedError(
      'partial clone',
      'The repository is a partial clone: some of its objects are missing. Clone it again without --filter.',
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
      "The repository has a work tree. A store has to be a bare repository: clone it with 'git clone --mirror', or use another folder.",
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
