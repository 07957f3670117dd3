/** A rule: what one kind of secret looks like. */

import { ForkpointError } from '../errors.ts'
import type { Characters } from './scanning/characters.ts'

export interface Rule {
  /** Lower-case letters, digits and dashes. It appears in the mark that replaces the secret. */
  readonly id: string
  /**
   * Every match contains one of these. A text without a keyword is skipped, which makes a long table of rules fast. If
   * the list is empty, the expression is tried on every text.
   */
  readonly keywords: readonly string[]
  /** Finds the secret: the group `secret` if there is one, else the whole match. */
  readonly expression: RegExp
  /** Samples in which the rule must find a secret. They are tested when the rule is given. */
  readonly match?: readonly string[]
  /** Similar samples in which the rule must find nothing. They are tested as well. */
  readonly pass?: readonly string[]
}

/** A secret that a rule found in a text. */
export interface Finding {
  readonly rule: string
  /** Start in the text. */
  readonly start: number
  /** End in the text, exclusive. */
  readonly end: number
  /** The secret without line wraps and escapes. */
  readonly secret: string
}

/** What stands behind a name, as a whole. It is read without an expression, since names may come close together. */
export interface Value {
  /** The last characters of the name's match that this value stands behind. Default: any. */
  readonly behind?: string
  /** Matches one of the characters that it consists of. See `Characters`. */
  readonly of: RegExp
  readonly least: number
  /** A longer one counts up to here. */
  readonly most: number
  /** Up to two `=` at its end belong to it. */
  readonly padded?: true
  /** What follows it. */
  readonly next?: RegExp
  /** Further condition. */
  readonly fits?: (place: ValuePlace) => boolean
}

/** Where a value stands. */
export interface ValuePlace {
  readonly text: string
  readonly keyword: number
  readonly start: number
  /** The end of the run of these characters that begins at `start`. */
  readonly runEnd: (of: Characters) => number
}

/** A rule of the built-in table. */
export interface TableRule extends Rule {
  /** Its expression begins at a keyword and is tried only there. */
  readonly anchored?: true
  /** With `anchored`: what may follow the expression, which then matches only what stands before the secret. */
  readonly values?: readonly Value[]
  /** With `anchored`: how many characters a match has before the keyword, one number for each length that is tried. */
  readonly ahead?: readonly number[]
  /**
   * The match is one token: if the expression fails, it is tried again on the token joined across line ends and
   * escapes.
   */
  readonly cut?: boolean
  /** The token has no fixed length, so a finding may continue after a line end. */
  readonly grows?: boolean
  /**
   * The number of the secret's group, if groups have no names. 0: the first group that matched, else the whole match.
   */
  readonly group?: number
  /** Keywords are compared without regard to case, even if the expression is case-sensitive. */
  readonly ignoreCaseOfKeywords?: boolean
  /**
   * A match needs one of these characters near the keyword: from `before` characters before its start to `behind` after
   * it.
   */
  readonly near?: { readonly oneOf: string; readonly before?: number; readonly behind: number }
  /** A finding extends to white space, a quotation mark or a backslash, so the rule is not tried again inside it. */
  readonly whole?: true
  /** Further condition on a found secret. */
  readonly holds?: (secret: string, group: (name: string) => string | undefined) => boolean
}

/** A rule that cannot be used: its expression, its samples, or the file it comes from is wrong. */
export class RuleError extends ForkpointError {
  /** The id of the rule, or the name of the file or package that it should have come from. */
  readonly rule: string

  constructor(rule: string, reason: string, options?: { cause?: unknown }) {
    super('RULE', `Rule '${rule}' cannot be used: ${reason}.`, options)
    this.rule = rule
  }
}

/** Throws RuleError for a rule whose id, keywords or expression cannot be used. */
export function checkRule(rule: Rule): void {
  const { id, keywords, expression } = rule
  if (typeof id !== 'string' || !/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(id))
    throw new RuleError(String(id), 'an id has lower case letters, digits and dashes, at most 64')
  if (!(expression instanceof RegExp)) throw new RuleError(id, 'it has no expression')
  if (!Array.isArray(keywords) || keywords.some((word) => typeof word !== 'string' || word.length < 2))
    throw new RuleError(id, 'each keyword is a text of two characters or more')
  if (new RegExp(expression.source, expression.flags.replace(/[gy]/g, '')).test(''))
    throw new RuleError(id, 'its expression matches an empty text')
}
