/** A few hundred made-up secrets where agents meet them, and what looks like secrets and is none. */

import { createHash } from 'node:crypto'
import type { TableRule } from '../../src/redaction/rule.ts'
import { TABLE } from '../../src/redaction/rules/table.ts'
import { filled, sample, seeded } from './sample.ts'

export interface Planted {
  readonly kind: string
  readonly context: string
  readonly text: string
  /** Each has to be gone. */
  readonly secrets: readonly string[]
}

/** What each context makes of the text that holds a secret. */
const CONTEXTS: Readonly<Record<string, (text: string) => string>> = {
  prose: (text) => `I set it up with ${text} and it works now, thanks.`,
  code: (text) => `const client = new Client()\nclient.use(\`${text}\`) // for now\n`,
  'json in json': (text) => JSON.stringify({ arguments: JSON.stringify({ input: text, n: 1 }) }),
  'json in json in json': (text) => JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ c: text }) }) }),
  'tool output': (text) => `$ cat notes\n     1\tfirst line\n     2\t${text}\n     3\tlast line\n`,
  diff: (text) => `@@ -1,2 +1,2 @@\n-old\n+${text}\n context\n`,
  'file name': (text) => `/tmp/${text.replace(/[/\s]/g, '-')}.txt`,
  'commit subject': (text) => `Use ${text}`,
  coloured: (text) => `\u001b[32m${text}\u001b[0m`,
  'last in a sentence': (text) => `The value is (${text}).`,
}
/** In these a token stands as the value of something. */
const TOKEN_CONTEXTS: Readonly<Record<string, (text: string) => string>> = {
  'env dump': (text) => `HOME=/home/a\nSERVICE_TOKEN=${text}\nPATH=/usr/bin:/bin\n`,
  'authorization header': (text) => `curl -H "Authorization: Bearer ${text}" https://api.example.com/v1`,
  url: (text) => `git clone https://oauth2:${text}@git.example.com/a/b.git`,
  query: (text) => `GET /v1/things?key=${text}&page=2`,
  'escaped slashes': (text) => JSON.stringify({ v: text }).replaceAll('/', '\\/').replaceAll('-', '\\u002d'),
  yaml: (text) => `service:\n  key: ${text}\n  port: 80\n`,
}
/** What writes each character of a text, also of the secret, in another way. */
const ENCODED: Readonly<Record<string, (text: string) => string>> = {
  'percent-encoded': (text) => encodeURIComponent(text),
  'percent-encoded twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'escaped as \\u': (text) => text.replace(/[-_=.]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
  'escaped as \\x': (text) => text.replace(/[-_=.]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`),
  'UTF-16': (text) => text.split('').join('\0'),
}
/** What stands before each line of an output that a terminal or a tool has wrapped. */
const PREFIXES = [
  '',
  '> ',
  '> > ',
  '│ ',
  '| ',
  '# ',
  '// ',
  ' * ',
  '+',
  '12| ',
  '  12 | ',
  '12: ',
  '    12\t',
  '    12→',
]
/** File names have no slashes, spaces or lines; some secrets are known by those alone. */
const NOT_IN_NAMES = new Set([
  'authorization',
  'aws-bedrock',
  'fly',
  'aws-secret',
  'aws-session-token',
  'assigned',
  'azure-account-key',
  'azure-signature',
  'bearer',
  'braintree',
  'command-line',
  'connection-string',
  'docker-auth',
  'netrc',
  'private-key',
  'url-password',
  'slack-webhook',
  'discord-webhook',
  'teams-webhook',
])

export function corpus(seed = 7): readonly Planted[] {
  const random = seeded(seed)
  const planted: Planted[] = []
  for (const rule of TABLE) {
    for (const template of rule.match ?? []) {
      const isToken = rule.cut === true && !template.includes(' ')
      const contexts = { ...CONTEXTS, ...(isToken ? TOKEN_CONTEXTS : {}) }
      for (const [context, wrap] of Object.entries(contexts)) {
        if (context === 'file name' && NOT_IN_NAMES.has(rule.id)) continue
        const { text, secrets } = filled(template, random)
        const long = secrets.filter(({ length }) => length >= 10)
        planted.push({ kind: rule.id, context, text: wrap(text), secrets: long.flatMap(pieces) })
      }
      for (const [context, encode] of Object.entries(ENCODED)) {
        const { text, secrets } = filled(template, random)
        const long = secrets.filter(({ length }) => length >= 10)
        const inside = `x ${encode(text)} y`
        planted.push({ kind: rule.id, context, text: inside, secrets: long.flatMap(pieces).map(encode) })
      }
      if (isToken) for (const prefix of PREFIXES) planted.push(wrapped(rule, template, random, prefix))
    }
  }
  return planted
}

/** Lines of 80 columns, of which the first one ends in a token, after its prefix. */
function wrapped(
  { id, keywords }: TableRule,
  template: string,
  random: () => number,
  prefix: string,
): Planted {
  const { text, secrets } = filled(template, random)
  const least = Math.max(14, ...keywords.filter((word) => text.startsWith(word)).map(({ length }) => length))
  const cut = Math.min(text.length - 6, least + Math.floor(random() * (text.length - least - 6)))
  const width = 80 - prefix.length
  const before = 'the tool printed '.padEnd(width - 1 - Math.min(cut, width - 10), '. ')
  const lines = `${before} ${text}`.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
  const long = secrets.filter(({ length }) => length >= 10)
  // A few letters on a line of their own look like a word.
  const parts = (secret: string) => (lines.at(-1)!.length < 8 ? halves(secret).slice(0, 1) : halves(secret))
  const whole = [...lines, 'next line', ''].map((line) => prefix + line).join('\n')
  const context = `wrapped${prefix && ` behind ${JSON.stringify(prefix)}`}`
  return { kind: id, context, text: whole, secrets: long.flatMap(parts) }
}

/** Also a part of a secret has to be gone: as it stands, and each twelve characters at its ends. */
const pieces = (secret: string) =>
  [secret, secret.slice(0, 12), secret.slice(-12)].filter((text) => text !== '')
const halves = (secret: string) => [secret.slice(0, 10), secret.slice(-5)]

/** Texts that must come through as they are. */
export function lookAlikes(seed = 11): readonly string[] {
  const random = seeded(seed)
  const make = (template: string) => sample(template, random)
  const hash = (algorithm: string, n: number) => createHash(algorithm).update(String(n))
  const image = Array.from({ length: 3000 }, () => make('{B4}')).join('')
  return [
    ...Array.from({ length: 40 }, (_, n) => hash('sha1', n).digest('hex')),
    ...Array.from({ length: 40 }, (_, n) => hash('sha256', n).digest('hex')),
    ...Array.from({ length: 40 }, (_, n) => `sha512-${hash('sha512', n).digest('base64')}`),
    ...Array.from({ length: 20 }, () => make('{h8}-{h4}-4{h3}-a{h3}-{h12}')),
    `commit ${hash('sha1', 1).digest('hex')}\nAuthor: A <a@example.com>\n\n    Add the token parser\n`,
    `index ${make('{h7}')}..${make('{h7}')} 100644`,
    `"integrity": "sha512-${hash('sha512', 3).digest('base64')}",\n"resolved": "https://registry.example/a-1.0.0.tgz"`,
    `    "node_modules/token-types": { "version": "1.0.0", "integrity": "sha512-${hash('sha512', 4).digest('base64')}" }`,
    `secret-service = "3.0.1"\nchecksum = "${hash('sha256', 5).digest('hex')}"`,
    `github.com/a/password v1.2.3 h1:${hash('sha256', 6).digest('base64')}`,
    `data:image/png;base64,iVBORw0KGgo${image}`,
    `![a](data:image/jpeg;base64,/9j/${image}) and a word`,
    image,
    `toolu_01${make('{w22}')} call_${make('{w24}')} msg_01${make('{w22}')} chatcmpl-${make('{w29}')} req_${make('{w24}')}`,
    `-----BEGIN CERTIFICATE-----\n${make('{B64}')}\n${make('{B64}')}\n-----END CERTIFICATE-----`,
    `-----BEGIN PUBLIC KEY-----\n${make('{B64}')}\n-----END PUBLIC KEY-----`,
    `-----BEGIN SSH SIGNATURE-----\n${make('{B64}')}\n-----END SSH SIGNATURE-----`,
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${make('{w43}')} a@example`,
    `const secret = await readSecret(name)\nconst token = lexer.next1()\nif (token.type === 'Bearer2') return`,
    'export const API_KEY = process.env.API_KEY ?? undefined',
    'password: z.string().min(8)\ntoken: string | undefined\nsecretKey?: Uint8Array',
    'max_tokens: 4096, "total_tokens": 12345, input_tokens=99, token_count=17',
    'API_KEY=your-api-key-here1\nTOKEN=<token-1>\nSECRET=${SECRET_1}\nPASSWORD=changeme\nKEY=xxxxxxxxxxxx1',
    'Authorization: Bearer $TOKEN_2\nAuthorization: Bearer <token1>\nAuthorization: Basic ${BASIC64}',
    'postgres://user:password@localhost:5432/app http://127.0.0.1:8080/a@b https://a.example/@types/node@20',
    'see src/tokens/token-2.ts, pattern_12, path/to/secret_1/file, task-key-12, sk-learn, pk_columns, ghp_short',
    `refs/heads/token-rotation-2024 tag: v1.0-${make('{h8}')}`,
    `The AKIA prefix, AKIAIOSFODNN7EXAMPLE, marks an id; eyJ begins a JWT; sk-ant- is Anthropic's.`,
    '{"usage":{"inputTokens":1200,"cacheTokens":4},"token":"eos"}',
    `d ${make('{h32}')} etag "${make('{h32}')}" md5:${make('{h32}')}`,
  ]
}
