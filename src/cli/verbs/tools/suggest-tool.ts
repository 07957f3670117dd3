/** The error of `import` and `export` for an unknown tool. */
import type { Command } from 'commander'
import { IMPORTERS } from '../../../importers/index.ts'
import { UsageError } from '../../exit-codes.ts'

/** Makes the verb throw an error for an unknown tool, with the tool that was probably meant, or all tools. */
export function suggestTool(verb: Command): void {
  verb.on('command:*', ([given = '']: string[]) => {
    throw unknownTool(verb.name(), given)
  })
}

export function unknownTool(verb: string, given: string): UsageError {
  const word = given.toLowerCase().replace(/[^a-z]/g, '')
  const meant = IMPORTERS.find(({ name }) => {
    const plain = name.replaceAll('-', '')
    return word !== '' && (plain.startsWith(word) || word.startsWith(plain))
  })
  const known = IMPORTERS.map(({ name }) => name).join(', ')
  const hint = meant === undefined ? `There are: ${known}.` : `Did you mean '${verb} ${meant.name}'?`
  return new UsageError(`There is no tool '${given}' to ${verb}. ${hint}`)
}
