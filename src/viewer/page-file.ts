/** The page's one file, and the policy under which a browser runs it: the code and the styles that it has, nothing else. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface PageFile {
  html: string
  /** Value of `content-security-policy`. */
  policy: string
}

/**
 * The built page.
 *
 * @param alone whether it stands alone: images are part of it then, and it asks nobody
 */
export function pageFile({ alone }: { alone: boolean }): PageFile {
  const html = readFileSync(new URL('../../dist/viewer/page.html', import.meta.url), 'utf8')
  const policy = [
    "default-src 'none'",
    `script-src ${hashes(html, 'script')}`,
    `style-src ${hashes(html, 'style')}`,
    `img-src ${alone ? 'data:' : "'self'"}`,
    ...(alone ? [] : ["connect-src 'self'", "frame-ancestors 'none'"]),
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]
  return { html, policy: policy.join('; ') }
}

/** Of each inline element of this name. */
const hashes = (html: string, name: string): string =>
  [...html.matchAll(new RegExp(`<${name}(?: type="module")?>([\\s\\S]*?)</${name}>`, 'g'))]
    .map(([, code = '']) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`)
    .join(' ')
