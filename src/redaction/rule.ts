/** A rule: what one kind of secret looks like. */

import { ForkpointError } from '../errors.ts'

export interface Rule {
  /** Lower case letters, digits and dashes. It stands in what replaces the secret. */
  readonly id: string
  /**
   * Every match holds one of these. A text that holds none is not looked at, which is what makes a long table fast.
   * Without any, the expression is tried on each text.
   */
  readonly keywords: readonly string[]
  /** What is found. The secret is the group `secret` if there is one, else the whole match. */
  readonly expression: RegExp
  /** Texts that hold such a secret. They are checked when the rule is given. */
  readonly match?: readonly string[]
  /** Texts that look alike and hold none. They are checked as well. */
  readonly pass?: readonly string[]
}

/** A rule of the table. Its expression begins at one of its keywords, so that it is only tried there. */
export interface TableRule extends Rule {
  readonly anchored?: true
  /** What a line's end or an escape cuts is joined again when the expression fails: its match is one token. */
  readonly cut?: boolean
  /** It has no fixed length, so that what was found may go on behind a line's end. */
  readonly grows?: boolean
  /** The number of the group that is the secret, where groups have no names. 0: the first that matched, or all. */
  readonly group?: number
  /** Keywords are compared without regard to case, whatever the expression does. */
  readonly ignoreCaseOfKeywords?: boolean
  /** Nothing matches at a place without one of these characters from so many before it to so many behind it. */
  readonly near?: { readonly oneOf: string; readonly before?: number; readonly behind: number }
  /** A value goes on to white space, a quotation mark or a backslash: what the rule finds in it is a part of it. */
  readonly whole?: true
  /** What a found secret has to be beyond its form. */
  readonly holds?: (secret: string, group: (name: string) => string | undefined) => boolean
}

/** A rule that cannot be used: its expression, its samples, or the file it comes from is wrong. */
export class RuleError extends ForkpointError {
  /** The id of the rule, or the name of what should have had one. */
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
