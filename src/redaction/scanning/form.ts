/** A rule, compiled for the scan. */

import type { TableRule, Value } from '../rule.ts'
import { Characters } from './characters.ts'

export interface Form {
  /** Tried at one position (sticky) if the rule is anchored, else searched for. */
  readonly expression: RegExp
  /** Also gives the positions of groups, which is slower. */
  readonly exact: RegExp
  readonly hasGroups: boolean
  /** Numbers of the named groups; the expression is run without names, which is faster. */
  readonly names: Readonly<Record<string, number>>
  /** Numbers of the groups that are the secret. */
  readonly secrets: readonly number[]
  /** Whether a match may contain a `/`. */
  readonly slashes: boolean
  readonly values: readonly ValueForm[] | undefined
}

/** A value, with what it consists of and what follows it (sticky) compiled. */
export interface ValueForm extends Omit<Value, 'of' | 'next'> {
  readonly of: Characters
  readonly next: RegExp | undefined
}

export function formOf({ anchored, expression, values }: TableRule): Form {
  const flags = expression.flags.replace(/[dgy]/g, '')
  const names: Record<string, number> = {}
  let number = 0
  // An escaped `(`, or one in a class, does not open a group.
  const source = expression.source.replace(
    /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?<(\w+)>|(?!\?))/gs,
    (part, name) => {
      if (!part.startsWith('(')) return part
      number += 1
      if (name !== undefined) names[name] = number
      return '('
    },
  )
  const isPlain = !/\\k</.test(source)
  return {
    expression: new RegExp(isPlain ? source : expression.source, `${flags}${anchored ? 'y' : 'g'}`),
    exact: new RegExp(expression.source, `${flags}dy`),
    names,
    hasGroups: number > 0,
    slashes: source.includes('/') || values?.some(({ of }) => of.source.includes('/')) === true,
    secrets: GROUPS.flatMap((group) => names[group] ?? []),
    values: values?.map((value) => ({
      ...value,
      of: new Characters(value.of),
      next: value.next && new RegExp(value.next, 'y'),
    })),
  }
}

/** Names of the groups that can be the secret, for rules with several alternatives. */
const GROUPS = ['secret', 'alone'] as const
