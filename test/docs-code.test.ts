/** The code in the README and in docs/: TypeScript accepts it with the types of the package, as a reader would write it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './support/build.ts'
import { namesOf } from './support/names-in-docs.ts'

const PAGES = execFileSync('git', ['ls-files', 'README.md', 'docs/*.md'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((page) => page !== '' && /^```(?:ts|js)$/m.test(readFileSync(join(ROOT, page), 'utf8')))

test('every block of TypeScript or JavaScript on a page uses the package as it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-docs-'))
  try {
    mkdirSync(join(folder, 'node_modules/@openai'), { recursive: true })
    for (const name of ['@anthropic-ai', '@langchain', '@types', 'ai', 'vitest', 'zod'])
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
    symlinkSync(join(ROOT, 'node_modules/@openai/agents-core'), join(folder, 'node_modules/@openai/agents'))
    symlinkSync(ROOT, join(folder, 'node_modules/forkpoint'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
    for (const page of PAGES) {
      const file = join(folder, `${page}.ts`)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, moduleOf(page))
    }
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    expect(spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', cwd: folder }).stdout).toBe(
      '',
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noImplicitAny: false, // Blocks of JavaScript have no types of parameters.
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
  },
}

/** The page's blocks, each at its own lines and in a scope of its own; imports hold for all blocks below. */
function moduleOf(page: string): string {
  const imports = new Set<string>()
  let language: string | undefined
  let isOpen = false
  const rows = readFileSync(join(ROOT, page), 'utf8')
    .split('\n')
    .map((row) => {
      if (row.startsWith('```')) {
        const end = isOpen ? '}' : ''
        language = language === undefined ? row.slice(3) : undefined
        isOpen = false
        return end
      }
      if (language !== 'ts' && language !== 'js') return ''
      if (!isOpen && /^import /.test(row)) {
        if (imports.has(row)) return ''
        imports.add(row)
        return row
      }
      const start = isOpen ? '' : '{ '
      isOpen = true
      return start + row.replace(/^export (?!\{)/, '').replace(/…$/, ';')
    })
  return `export {}; ${namesOf(page)}${rows.join('\n')}`
}
