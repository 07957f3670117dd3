// @ts-check
/**
 * npm run api [-- --check]: what the package exports, declaration by declaration, as one text file: `docs/api.txt`. A
 * change of the public surface shows in review as a change of that file; `--check` fails where it is not up to date.
 *
 * It reads the declarations that the compiler writes into `dist`, follows re-exports to the file that declares a name, and
 * copies the declaration. A name of ours that a public declaration mentions and that no entry exports is a fault: a user
 * could not write it down.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { buildIfStale, ROOT } from './build.mjs'

/** @typedef {{ file: string, name: string }} Declared */

const REPORT = join(ROOT, 'docs', 'api.txt')
const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

function report() {
  /** @type {Map<string, string>} */
  const shown = new Map()
  /** @type {{ subpath: string, names: [string, Declared][] }[]} */
  const entries = Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, { types }]) => ({
      subpath,
      names: [...exportsOf(join(ROOT, types))].sort(([a], [b]) => (a < b ? -1 : 1)),
    }))
  const exported = new Set(entries.flatMap(({ names }) => names.map(([, at]) => keyOf(at))))
  /** @type {Set<string>} */
  const hidden = new Set()
  const parts = entries.map(({ subpath, names }) => {
    const lines = names.map(([name, at]) => {
      const key = keyOf(at)
      const first = shown.get(key)
      if (first !== undefined) return `${name}: see ${first}\n`
      shown.set(key, `forkpoint${subpath.slice(1)}`)
      const declaration = declarationOf(at)
      for (const mentioned of mentions(at, declaration)) {
        if (!exported.has(keyOf(mentioned))) {
          hidden.add(`${mentioned.name} (${relative(join(ROOT, 'dist'), mentioned.file)}), in ${name}`)
        }
      }
      return `${declaration}\n`
    })
    return `==== forkpoint${subpath.slice(1)}\n\n${lines.join('\n')}`
  })
  return { text: parts.join('\n'), hidden: [...hidden].sort() }
}

/** Every name that a declaration file exports, and where it is declared. @param {string} file */
function exportsOf(file) {
  /** @type {Map<string, Declared>} */
  const found = new Map()
  const text = readFileSync(file, 'utf8')
  for (const [, names = '', from] of text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from '([^']+)')?;/gm)) {
    for (const one of names.split(',')) {
      const [name, as = name] = one
        .trim()
        .replace(/^type /, '')
        .split(/ as /)
      if (name) found.set(/** @type {string} */ (as), declared(file, name, from))
    }
  }
  for (const [, from = ''] of text.matchAll(/^export (?:type )?\* from '([^']+)';/gm)) {
    for (const [name, at] of exportsOf(fileOf(file, from))) found.set(name, at)
  }
  for (const [, name = ''] of text.matchAll(DECLARATIONS)) found.set(name, { file, name })
  return found
}

const DECLARATIONS =
  /^export (?:declare )?(?:abstract )?(?:class|interface|type|function\*?|const|let|enum) ([\w$]+)/gm

/** @param {string} file @param {string} name @param {string | undefined} from @returns {Declared} */
function declared(file, name, from) {
  const target = from ?? imported(file).get(name)
  if (target === undefined) return { file, name }
  if (!target.startsWith('.')) return { file: target, name }
  const next = fileOf(file, target)
  return exportsOf(next).get(name) ?? { file: next, name }
}

/** Names that a file imports, and from where. @param {string} file @returns {Map<string, string>} */
function imported(file) {
  const found = new Map()
  const text = readFileSync(file, 'utf8')
  for (const [, names = '', from] of text.matchAll(/^import (?:type )?\{([^}]*)\} from '([^']+)';/gm)) {
    for (const one of names.split(',')) {
      const [name, as = name] = one
        .trim()
        .replace(/^type /, '')
        .split(/ as /)
      if (name) found.set(as, from)
    }
  }
  return found
}

/** The declaration, without the comments of its members' own. @param {Declared} at */
function declarationOf({ file, name }) {
  if (!existsSync(file)) return `${name}: from ${file}`
  const text = readFileSync(file, 'utf8').replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '')
  const statements = text.split(/\n(?=(?:export|import|declare|interface|type|class|function|const)\b)/)
  const own = statements.filter((statement) =>
    new RegExp(
      `^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|function\\*?|const|let|enum) ${name.replace('$', '\\$')}\\b`,
    ).test(statement),
  )
  return own
    .map((statement) =>
      statement
        .split('\n')
        .filter((line) => !/^\s*(?:#private;|private )/.test(line))
        .join('\n')
        .trim(),
    )
    .join('\n')
}

/** Names of ours that a declaration mentions. @param {Declared} at @param {string} declaration @returns {Declared[]} */
function mentions({ file }, declaration) {
  if (!existsSync(file)) return []
  const names = new Set(declaration.replace(/'[^']*'|"[^"]*"/g, '').match(/\b[A-Z][\w$]*\b/g) ?? [])
  const imports = imported(file)
  const local = new Set([...readFileSync(file, 'utf8').matchAll(LOCAL)].map(([, name]) => name))
  return [...names].flatMap((name) => {
    const from = imports.get(name)
    if (from?.startsWith('.')) return [declared(file, name, from)]
    return from === undefined && local.has(name) ? [{ file, name }] : []
  })
}

const LOCAL = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|enum) ([\w$]+)/gm

/** @param {Declared} at */
const keyOf = ({ file, name }) => `${file}#${name}`

/** @param {string} file @param {string} specifier */
const fileOf = (file, specifier) =>
  resolve(
    dirname(file),
    specifier
      .replace(/\.ts$/, '.d.ts')
      .replace(/\.js$/, '.d.ts')
      .replace(/\.d\.d\.ts$/, '.d.ts'),
  )

buildIfStale()
const { text, hidden } = report()
if (hidden.length > 0) {
  console.error(`Public declarations mention what nothing exports:\n  ${hidden.join('\n  ')}`)
  process.exitCode = 1
}
if (!process.argv.includes('--check')) writeFileSync(REPORT, text)
else if (!existsSync(REPORT) || readFileSync(REPORT, 'utf8') !== text) {
  console.error("docs/api.txt is not what the package exports. Run 'npm run api' and commit the file.")
  process.exitCode = 1
}
