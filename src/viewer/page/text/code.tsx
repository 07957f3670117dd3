/** Highlights code, as elements with text, never as HTML. */

import bash from 'highlight.js/lib/languages/bash'
import cpp from 'highlight.js/lib/languages/cpp'
import css from 'highlight.js/lib/languages/css'
import diff from 'highlight.js/lib/languages/diff'
import go from 'highlight.js/lib/languages/go'
import java from 'highlight.js/lib/languages/java'
import json from 'highlight.js/lib/languages/json'
import markdown from 'highlight.js/lib/languages/markdown'
import python from 'highlight.js/lib/languages/python'
import ruby from 'highlight.js/lib/languages/ruby'
import rust from 'highlight.js/lib/languages/rust'
import sql from 'highlight.js/lib/languages/sql'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'
import { createLowlight } from 'lowlight'
import type { ComponentChild } from 'preact'
import { shown } from './plain.tsx'

const lowlight = createLowlight({
  bash,
  cpp,
  css,
  diff,
  go,
  java,
  json,
  markdown,
  python,
  ruby,
  rust,
  sql,
  typescript,
  xml,
  yaml,
})
// In addition to the names that the languages have themselves.
lowlight.registerAlias({
  bash: ['shell', 'console'],
  cpp: ['c', 'h', 'csharp', 'cs'],
  java: ['kotlin', 'kt'],
  typescript: ['js', 'jsx', 'javascript', 'mjs', 'cjs'],
  xml: ['vue'],
  yaml: ['toml', 'ini'],
  json: ['jsonl'],
})

/** Characters of the longest code that is highlighted; more would take too long. */
const LONGEST = 30_000

export function Code({ text, language }: { text: string; language?: string | undefined }) {
  return (
    <pre
      class="code"
      tabIndex={0}
      aria-label={language === undefined ? 'code' : `code, ${language}`}
      role="group"
    >
      <code>{coloured(text, language)}</code>
    </pre>
  )
}

/** Returns the text in highlighted pieces, or unchanged if the language is unknown. */
export function coloured(text: string, language: string | undefined): ComponentChild {
  const name = language?.toLowerCase() ?? ''
  const code = shown(text)
  if (code.length > LONGEST || name === '' || !lowlight.registered(name)) return code
  return lowlight.highlight(name, code).children.map(piece)
}

/** Returns the language by the name of a file. */
export const languageOf = (path: string): string | undefined => /\.([A-Za-z0-9]+)$/.exec(path)?.[1]

type Piece = ReturnType<typeof lowlight.highlight>['children'][number]

function piece(node: Piece): ComponentChild {
  if (node.type === 'text') return node.value
  if (node.type !== 'element') return null
  const names = node.properties.className
  return (
    <span class={Array.isArray(names) ? names.join(' ') : ''}>{(node.children as Piece[]).map(piece)}</span>
  )
}
