/** secretlint's recommended preset: optional packages, loaded when the first text is scanned. */

import type { Finding } from './rule.ts'
import { RuleError } from './rule.ts'

/** Finds secrets in a text. */
export type Preset = (text: string) => Promise<readonly Finding[]>

const CORE = '@secretlint/core'
const RULES = '@secretlint/secretlint-rule-preset-recommend'

interface Core {
  lintSource(given: object): Promise<{
    messages: readonly { ruleId: string; range: readonly [number, number] }[]
  }>
}

/** Returns a function that loads the preset at its first call. It throws RuleError if the packages are missing. */
export function loadPreset(): () => Promise<Preset> {
  let loaded: Promise<Preset> | undefined
  return () => (loaded ??= load())
}

async function load(): Promise<Preset> {
  const [core, preset] = await Promise.all([import(CORE), import(RULES)]).catch((cause: unknown) => {
    throw new RuleError(
      'secretlint',
      `run 'npm install ${CORE}@11 ${RULES}@11' first, or leave out 'preset'`,
      {
        cause,
      },
    )
  })
  const config = { rules: [{ id: RULES, rule: preset.creator }] }
  const { lintSource } = core as Core
  return async (text) => {
    const source = { filePath: 'text', content: text, ext: '', contentType: 'text' }
    const { messages } = await lintSource({ source, options: { config, noPhysicFilePath: true } })
    return messages
      .map(({ ruleId, range: [start, end] }) => ({
        rule: ruleId.replace(/^.*secretlint-rule-/, ''),
        start,
        end,
        secret: text.slice(start, end),
      }))
      .filter(({ secret }) => !secret.includes('[redacted:'))
      .sort((a, b) => a.start - b.start)
      .filter(({ start }, index, all) => all.slice(0, index).every((earlier) => earlier.end <= start))
  }
}
