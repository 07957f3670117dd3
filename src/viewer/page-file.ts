/** The built page, and the content security policy that allows only its own code and styles. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface PageFile {
  html: string
  /** Value of the `content-security-policy` header. */
  policy: string
}

/**
 * Reads the built page.
 *
 * @param alone whether the page is standalone: it contains its images and requests nothing
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

/** Returns the hashes of all inline elements of this name. */
const hashes = (html: string, name: string): string =>
  [...html.matchAll(new RegExp(`<${name}(?: type="module")?>([\\s\\S]*?)</${name}>`, 'g'))]
    .map(([, code = '']) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`)
    .join(' ')
