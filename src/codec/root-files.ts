/**
 * `README.md` and `.gitattributes` at the root of a tree, for people and for git. They are never read, so other content
 * there is not damage.
 */

export const README = 'README.md'
const ATTRIBUTES = '.gitattributes'

/** Whether the path is one of these files. */
export const isRootFile = (path: string): boolean => path === README || path === ATTRIBUTES

/** Makes the root files of a document. They show only its title and id. */
export function rootFiles({ title, id }: Readonly<Record<string, unknown>>): Map<string, Uint8Array> {
  const name = typeof id === 'string' ? asText(id) : ''
  const heading = typeof title === 'string' ? asText(title) : ''
  return new Map([
    [README, Buffer.from(`# ${heading || name || 'A session'}\n\nSession ${name}, ${ABOUT}`)],
    [ATTRIBUTES, RULES],
  ])
}

const ABOUT = `kept by forkpoint: each commit is a checkpoint that can be
resumed. To read the conversation:

    git log --first-parent -p -- '*.md'

The JSON files, with the texts beside them, are the session itself. Two branches of it have no
merge: resume the one you want.
`

const RULES = Buffer.from(`# Two conversations are not merged line by line: git reports a conflict.
* -text
*.json -merge linguist-generated
*.jsonl -merge linguist-generated
*.txt -merge
`)

/** Most characters of a title. */
const LONGEST = 200

/** Escapes any text as one line of Markdown that shows it verbatim. */
const asText = (text: string): string =>
  text
    .slice(0, LONGEST)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .replace(/[!-/:-@[-`{-~]/g, '\\$&')
