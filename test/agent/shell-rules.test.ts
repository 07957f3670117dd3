/** The policy against lists of command lines: ways around a rule, and commands that nobody wants to be asked about. */
import { describe, expect, test } from 'vitest'
import { Permissions } from '../../src/agent/permissions/permissions.ts'
import type { PermissionPolicy } from '../../src/agent/permissions/policy.ts'
import { BYPASSES, HARMLESS } from './shell-commands.ts'

const decide = (policy: PermissionPolicy, command: string) =>
  new Permissions(policy).decide({ tool: 'bash', kind: 'command', command })

describe.each(Object.entries(BYPASSES))('%s is refused or asked about', (_, { commands, policy }) => {
  test.each(commands)('%j', (command) => {
    expect(decide(policy, command).decision).not.toBe('allow')
  })
})

describe.each(Object.entries(HARMLESS))('%s run unasked', (_, { commands, policy }) => {
  test.each(commands)('%j', (command) => {
    expect(decide(policy, command)).toMatchObject({ decision: 'allow' })
  })
})

test('both lists are long', () => {
  const count = (lists: typeof BYPASSES) => Object.values(lists).flatMap(({ commands }) => commands).length
  expect(count(BYPASSES)).toBeGreaterThan(100)
  expect(count(HARMLESS)).toBeGreaterThan(100)
})
