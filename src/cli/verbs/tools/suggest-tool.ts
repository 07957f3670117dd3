/** What `import` and `export` say to a tool that they do not know. */
import type { Command } from 'commander'
import { IMPORTERS } from '../../../importers/index.ts'
import { UsageError } from '../../exit-codes.ts'

/** Lets the verb name the tools that there are; the one that was probably meant, if one looks like it. */
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
