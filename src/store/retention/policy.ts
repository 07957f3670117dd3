/** Parses a policy of how long sessions are kept. */
import { InvalidStateError } from '../../errors.ts'

/**
 * Which sessions are kept. The first rule that fits a session decides about it. A session that no rule fits is kept.
 *
 *     const policy = { rules: [{ type: 'claude-code', maxAge: '90d', minAge: '7d', keepTitles: ['*release*'] }, { maxBytes: '5 GB' }] }
 */
export interface RetentionPolicy {
  readonly rules: readonly RetentionRule[]
  /** How long a removed session can be restored. Default: 30 days. */
  readonly trash?: Duration
}

export interface RetentionRule {
  /** Only sessions of this type, such as `langgraph-thread`. */
  readonly type?: string
  /** Only sessions with this folder, or a folder in it, as their workspace. */
  readonly project?: string
  /** Remove sessions that were last saved longer ago than this. */
  readonly maxAge?: Duration
  /** Keep this number of sessions, the newest. Protected sessions count too, and always stay. */
  readonly maxCount?: number
  /** Keep this number of bytes on the disk, of the newest sessions. Protected sessions count too, and always stay. */
  readonly maxBytes?: Bytes
  /** Keep every session for this long after it came into this store or was last saved. */
  readonly minAge?: Duration
  /** Keep sessions with a title that matches: `*` stands for any text; case does not matter. */
  readonly keepTitles?: readonly string[]
}

/** Milliseconds, or text such as `90d`: a whole number of `s`, `m` (minutes), `h`, `d`, `w` or `y`. */
export type Duration = number | string

/** Bytes, or text such as `5 GB`: `B`, `kB`, `MB`, `GB` or `TB`. */
export type Bytes = number | string

/** A checked policy, in milliseconds and bytes. */
export interface ParsedPolicy {
  readonly rules: readonly ParsedRule[]
  readonly trash: number
}

export interface ParsedRule {
  readonly type: string | undefined
  readonly project: string | undefined
  readonly maxAge: number
  readonly maxCount: number
  readonly maxBytes: number
  readonly minAge: number
  readonly keepTitles: readonly RegExp[]
}

const TRASH = '30d'

/** Parses a policy. Throws InvalidStateError, with the path of what is wrong, if it is not valid. */
export function parsePolicy(policy: RetentionPolicy): ParsedPolicy {
  if (!isRecord(policy) || !Array.isArray(policy.rules)) throw wrong('', 'has to be an object with rules')
  known(policy, ['rules', 'trash'], '')
  return {
    rules: policy.rules.map((rule, at) => parseRule(rule, `rules.${at}`)),
    trash: duration(policy.trash ?? TRASH, 'trash'),
  }
}

/** Returns milliseconds. Throws InvalidStateError if `value` is not a duration. */
export function duration(value: unknown, path: string): number {
  const [, digits, unit] =
    typeof value === 'string' ? (/^(\d{1,9})\s*([smhdwy])$/.exec(value.trim()) ?? []) : []
  const result = digits === undefined ? value : Number(digits) * UNITS[unit as keyof typeof UNITS]
  if (typeof result !== 'number' || !(result >= 0))
    throw wrong(path, "has to be milliseconds or text such as '90d'")
  return result
}

/** Returns bytes. Throws InvalidStateError if `value` is not a number of bytes. */
export function byteCount(value: unknown, path: string): number {
  const [, digits, unit = ''] =
    typeof value === 'string' ? (/^(\d{1,9}(?:\.\d{1,3})?)\s*([kMGT]?)B?$/i.exec(value.trim()) ?? []) : []
  const result =
    digits === undefined ? value : Number(digits) * 1000 ** ' kmgt'.indexOf(unit.toLowerCase() || ' ')
  if (typeof result !== 'number' || !(result >= 0))
    throw wrong(path, "has to be bytes or text such as '5 GB'")
  return result
}

const RULE: readonly (keyof RetentionRule)[] = [
  'type',
  'project',
  'maxAge',
  'maxCount',
  'maxBytes',
  'minAge',
  'keepTitles',
]

function parseRule(rule: unknown, path: string): ParsedRule {
  if (!isRecord(rule)) throw wrong(path, 'has to be an object')
  known(rule, RULE, path)
  const { maxAge, maxCount, maxBytes, minAge, keepTitles = [] } = rule
  if (maxCount !== undefined && !(Number.isSafeInteger(maxCount) && (maxCount as number) >= 0))
    throw wrong(`${path}.maxCount`, 'has to be a whole number')
  if (!Array.isArray(keepTitles) || keepTitles.some((title) => typeof title !== 'string'))
    throw wrong(`${path}.keepTitles`, 'has to be a list of texts')
  if (maxAge === undefined && maxCount === undefined && maxBytes === undefined && minAge === undefined)
    throw wrong(path, 'has to say maxAge, maxCount, maxBytes or minAge')
  return {
    type: textOf(rule.type, `${path}.type`),
    project: textOf(rule.project, `${path}.project`),
    maxAge: maxAge === undefined ? Number.POSITIVE_INFINITY : duration(maxAge, `${path}.maxAge`),
    maxCount: (maxCount as number | undefined) ?? Number.POSITIVE_INFINITY,
    maxBytes: maxBytes === undefined ? Number.POSITIVE_INFINITY : byteCount(maxBytes, `${path}.maxBytes`),
    minAge: minAge === undefined ? 0 : duration(minAge, `${path}.minAge`),
    keepTitles: keepTitles.map(titlePattern),
  }
}

function textOf(value: unknown, path: string): string | undefined {
  if (value !== undefined && (typeof value !== 'string' || value === '')) throw wrong(path, 'has to be text')
  return value as string | undefined
}

const titlePattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split(/\*+/)
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^]*?')}$`,
    'iu',
  )

/** Throws InvalidStateError for an unknown key: a misspelt key would keep fewer, or more, sessions than was meant. */
function known(value: object, keys: readonly string[], path: string): void {
  const other = Object.keys(value).find((key) => !keys.includes(key))
  if (other !== undefined)
    throw wrong(path === '' ? other : `${path}.${other}`, `is none of ${keys.join(', ')}`)
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const wrong = (path: string, message: string): InvalidStateError =>
  new InvalidStateError(
    [{ path: path.split('.').filter((part) => part !== ''), message }],
    `The retention policy is not valid: ${path === '' ? 'it' : `'${path}'`} ${message}.`,
  )

const UNITS = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 7 * 864e5, y: 365 * 864e5 }
