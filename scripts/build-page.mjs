// @ts-check
/** The page of `forkpoint view` as one file: its code and styles are in it, and it asks for nothing else. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'

/** Bytes of the whole page. */
const MOST = 400 * 1024

/**
 * Throws an Error when the page is too big.
 *
 * @param {string} root of the project
 * @returns {{ html: string, packages: string[] }} `packages`: those whose code is in it
 */
export function buildPage(root) {
  const folder = join(root, 'src', 'viewer', 'page')
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: ['src/viewer/page/main.tsx', 'src/viewer/page/page.css'],
    outdir: 'page',
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    target: ['es2023', 'chrome123', 'firefox121', 'safari17.5'],
    // Without the conditions of browsers: a package's own way for them may write HTML.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  })
  const [code, styles] = ['.js', '.css'].map(
    (ending) => outputFiles.find(({ path }) => path.endsWith(ending))?.text.trim() ?? '',
  )
  const html = readFileSync(join(folder, 'page.html'), 'utf8')
    .replace('<style></style>', () => `<style>${styles}</style>`)
    .replace(
      '<script type="module"></script>',
      () => `<script type="module">${inScript(code ?? '')}</script>`,
    )
  if (html.length > MOST) throw new Error(`The page has ${html.length} bytes; at most ${MOST} are allowed.`)
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  )
  return { html, packages: [...new Set(packages)].sort() }
}

/** Code that does not end the element it stands in. @param {string} code */
const inScript = (code) => code.replaceAll('</script', '\\x3c/script').replaceAll('<!--', '\\x3c!--')
