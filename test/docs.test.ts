/** The pages that people read: their links lead somewhere, and the commands they name exist. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const PAGES = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((path) => /^(?:docs\/|python\/README|[A-Z]+\.md)/.test(path))
const VERBS = readdirSync(join(ROOT, 'src/cli/verbs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => [
    basename(file, '.ts'),
    ...[...readFileSync(join(ROOT, 'src/cli/verbs', file), 'utf8').matchAll(/\.command\('([a-z]+)'/g)].map(
      ([, verb = '']) => verb,
    ),
  ])
const { scripts, files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
  files: string[]
}

const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8')

/** Text between backquotes, and lines of blocks of code. */
const codeOf = (page: string): string[] => [
  ...[...textOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code),
  ...textOf(page)
    .split('\n')
    .filter((row) => /^(?: {4}|\$ |npx |npm )/.test(row))
    .map((row) => row.trim().replace(/^\$ /, '')),
]

/** Links to files, from the page's folder. */
const linksOf = (page: string): string[] =>
  [...textOf(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link)

/** As GitHub makes anchors of headings. */
const anchorsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

const isPacked = (path: string): boolean =>
  path === 'README.md' || files.some((entry) => path === entry || path.startsWith(`${entry}/`))

describe.each(PAGES)('%s', (page) => {
  test('has links that lead to files and headings', () => {
    const dead = linksOf(page).filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path))
      if (!existsSync(join(ROOT, target))) return true
      return anchor !== undefined && !anchorsOf(target).includes(anchor)
    })
    expect(dead).toEqual([])
  })

  test('has links that work in the package, too', () => {
    if (!isPacked(page)) return
    const outside = linksOf(page)
      .map((link) => link.split('#')[0] ?? '')
      .filter((path) => path !== '')
      .filter((path) => !isPacked(relative(ROOT, resolve(ROOT, dirname(page), path))))
    expect(outside).toEqual([])
  })

  test('names verbs and scripts that exist', () => {
    const verbs = codeOf(page).flatMap((code) => /^(?:npx )?forkpoint ([a-z-]+)/.exec(code)?.[1] ?? [])
    const ran = codeOf(page).flatMap((code) =>
      [...code.matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name),
    )
    expect(verbs.filter((verb) => !VERBS.includes(verb))).toEqual([])
    expect(ran.filter((name) => !(name in scripts))).toEqual([])
  })

  test('names files that exist', () => {
    const named = codeOf(page).filter((code) =>
      /^(?:src|test|examples|docs|bench\/rows)\/[\w./-]+$/.test(code),
    )
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})
