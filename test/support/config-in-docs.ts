/** Configuration files of servers as the docs show them: what is tested is what readers copy. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The block of this language in a page, such as `nginx` in `docs/fleet.md`. */
export function configInDocs(page: string, language: string): string {
  const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8')
  const block = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(text)?.[1]
  if (block === undefined) throw new Error(`${page} has no block of ${language}.`)
  return block
}
