/** The file of allowed signers (ssh-keygen(1), "ALLOWED SIGNERS"): which keys are whose, for what and when. */
import { ForkpointError, UnsupportedError } from '../../errors.ts'
import { readNamedFile } from '../../named-file.ts'
import { keyType } from './public-key.ts'
import { NAMESPACE } from './sshsig.ts'
import { WireError } from './wire.ts'

interface AllowedSigner {
  /** Patterns, such as `ann@example.com` and `*@example.com`. */
  principals: string
  key: Buffer
  /** Patterns of namespaces that the key may sign for; `undefined` allows all. */
  namespaces: string | undefined
  /** Milliseconds. */
  from: number
  until: number
}

/** A line of the file cannot be parsed. */
export class AllowedSignersError extends ForkpointError {
  readonly file: string
  readonly line: number

  constructor(data: { file: string; line: number }, reason: string) {
    super('ALLOWED_SIGNERS', `Line ${data.line} of the allowed signers in '${data.file}' ${reason}.`)
    this.file = data.file
    this.line = data.line
  }
}

export class AllowedSigners {
  readonly #signers: readonly AllowedSigner[]

  /** Throws NotFoundError, StorageError, AllowedSignersError; UnsupportedError for keys of certificate authorities. */
  static async read(file: string): Promise<AllowedSigners> {
    return new AllowedSigners(readNamedFile(file), file)
  }

  constructor(text: string, file: string) {
    this.#signers = text.split('\n').flatMap((line, n) => {
      const entry = line.trim()
      return entry === '' || entry.startsWith('#') ? [] : [parseSigner(entry, { file, line: n + 1 })]
    })
  }

  /**
   * The signer whose key may sign commits at that time; `undefined` when there is none. As in git, the name comes from
   * the first line with the key, and any line may allow it.
   */
  principalOf(key: Uint8Array, at: number): string | undefined {
    const lines = this.#signers.filter((one) => one.key.equals(key) && one.from <= at && at <= one.until)
    const principals = (lines[0]?.principals.split(',') ?? []).filter((name) => !name.startsWith('!'))
    return principals.find((name) =>
      lines.some(
        ({ principals, namespaces }) =>
          matches(name, principals) && (namespaces === undefined || matches(NAMESPACE, namespaces)),
      ),
    )
  }
}

interface LineOfFile {
  file: string
  line: number
}

/** Fields end at blanks outside of quotes. */
const FIELD = /(?:"[^"]*"|[^\s"])+/g
const OPTION = /^([a-z-]+)(?:="([^"]*)")?$/i

function parseSigner(entry: string, at: LineOfFile): AllowedSigner {
  const wrong = (reason: string): AllowedSignersError => new AllowedSignersError(at, reason)
  const [principals = '', ...fields] = entry.match(FIELD) ?? []
  const [options, type, text] = typeOf(fields[1]) === fields[0] ? ['', ...fields] : fields
  if (options === undefined || type === undefined || text === undefined)
    throw wrong("is not 'principals [options] key-type key'")
  if (typeOf(text) !== type) throw wrong(`has no key of the type '${type}'`)
  const signer: AllowedSigner = {
    principals: principals.replace(/^"|"$/g, ''),
    key: Buffer.from(text, 'base64'),
    namespaces: undefined,
    from: Number.NEGATIVE_INFINITY,
    until: Number.POSITIVE_INFINITY,
  }
  for (const option of options.match(/(?:"[^"]*"|[^",])+/g) ?? []) {
    const [, written = option, value] = OPTION.exec(option) ?? []
    const name = written.toLowerCase()
    if (name === 'cert-authority') {
      throw new UnsupportedError(
        'certificates',
        `Line ${at.line} of the allowed signers in '${at.file}' is a certificate authority. Only plain keys can be checked here: list the signers' own keys, or let git check certificates.`,
      )
    }
    if (name === 'namespaces' && value !== undefined) signer.namespaces = value
    else if (name === 'valid-after' && value !== undefined) signer.from = timeOf(value, wrong)
    else if (name === 'valid-before' && value !== undefined) signer.until = timeOf(value, wrong)
    else throw wrong(`has the option '${option}', which is not known`)
  }
  if (signer.from >= signer.until) throw wrong('ends before it begins')
  return signer
}

function typeOf(key: string | undefined): string | undefined {
  if (key === undefined) return undefined
  try {
    return keyType(Buffer.from(key, 'base64'))
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

/** `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, local time unless a Z follows, in milliseconds. */
function timeOf(text: string, wrong: (reason: string) => AllowedSignersError): number {
  const parts = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/.exec(text)
  if (parts === null)
    throw wrong(`has the time '${text}', which is not YYYYMMDD or YYYYMMDDHHMM[SS], with or without Z`)
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  const time = [year, month - 1, day, hour, minute, second] as const
  const at = parts[7] === 'Z' ? Date.UTC(...time) : new Date(...time).getTime()
  const read = new Date(at)
  if ((parts[7] === 'Z' ? read.getUTCDate() : read.getDate()) !== day)
    throw wrong(`has the time '${text}', which there is not`)
  return at
}

/** Whether the name is one of the patterns, and none of those with a `!` in front (`*`: anything, `?`: one character). */
function matches(name: string, patterns: string): boolean {
  const all = patterns.split(',')
  const isOne = (pattern: string): boolean => patternOf(pattern).test(name)
  if (all.some((pattern) => pattern.startsWith('!') && isOne(pattern.slice(1)))) return false
  return all.some((pattern) => !pattern.startsWith('!') && isOne(pattern))
}

const patternOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
      .replace(/\*+/g, '.*')
      .replaceAll('?', '.')}$`,
    's',
  )
