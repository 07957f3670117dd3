/** Secrets that are recognized by their context: headers, URLs, assignments, connection strings, PEM blocks, JWTs. */

import type { TableRule } from '../rule.ts'
import { Characters } from '../scanning/characters.ts'
import { isLikelySecret, isNoPlaceholder } from './likely.ts'

/** Names whose value is a secret, in code, configuration files and JSON. */
const NAMES = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'api_key',
  'api-key',
  'apikey',
  'access_key',
  'access-key',
  'accesskey',
  'private_key',
  'privatekey',
  'auth_key',
  'encryption_key',
  'signing_key',
  'credential',
]
/** Suffixes of such a name. `password_min_length` and `token_count` are not names of secrets. */
const NAME_END = String.raw`(?:s|[_-]?(?:base64|b64|hex|base|value|key|prod|production|dev|test|staging|live|[0-9]{1,2})){0,2}`
const NAME = String.raw`(?:${NAMES.join('|')})${NAME_END}`
/** White space, and what escapes it. */
const SPACE = String.raw`(?:\s|\\{1,15}[nrt])`
/** A quotation mark, possibly escaped several times, as JSON inside JSON is. */
const QUOTE = String.raw`\\{0,15}["'\x60]`

/** Between a name and its value where both have a name: `"name": "TOKEN", "value": "…"`, in JSON or YAML. */
const NAMED_VALUE = String.raw`(?:${QUOTE})?,?${SPACE}{0,40}(?:${QUOTE})?value`

const DIGITS = '0123456789'
/** What a header's credentials consist of. */
const CREDENTIALS = /[\w.~+/-]/

const AFTER_SEMICOLON = /;\s{0,2}(?:user )?$/i
const UP_TO_SEMICOLON = new Characters(/[^;\s"']/)

export const GENERIC: readonly TableRule[] = [
  {
    id: 'private-key',
    keywords: ['-----BEGIN ', 'PuTTY-User-Key-File'],
    // A block without an end goes as far as its base64 lines, which may have line numbers or diff signs before them.
    expression:
      /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:(?:[^-]|-(?!----)){1,20000}-----END [A-Z0-9 ]{0,48}-----|(?:(?:\s|\\+[nrt]|[+>│|]|[0-9]{1,6}[→:|\t]){0,40}[A-Za-z0-9+/]{40,}={0,2}){1,400}(?:(?:\s|\\+[nr]){1,8}[A-Za-z0-9+/]{1,64}={0,2}(?![^\s\\"']))?)|PuTTY-User-Key-File-[0-9][^\n]{0,200}\n(?:(?!PuTTY)[^\n]{0,200}\n){3,80}?Private-MAC: [0-9a-f]{40,64}/,
    anchored: true,
    holds: (block) => /[A-Za-z0-9+/]{24}/.test(block.replace(/-----[^-]*-----/g, '')),
    match: ['-----BEGIN RSA PRIVATE KEY-----\n{B64}\n{B64}\n{B40}==\n-----END RSA PRIVATE KEY-----'],
  },
  {
    id: 'jwt',
    keywords: ['eyJ'],
    expression:
      /(?<=^|[^A-Za-z0-9_.-]|\\[nrt]|%[0-9A-Fa-f]{2})eyJ[\w-]{8,2048}\.(?:eyJ[\w-]{8,8192}\.[\w-]{16,1024}|[\w-]{0,1024}\.[\w-]{8,64}\.[\w-]{8,8192}\.[\w-]{8,64})(?![\w-])/,
    anchored: true,
    cut: true,
    grows: true,
    match: ['eyJ{b33}.eyJ{b60}.{b43}'],
  },
  {
    id: 'url-password',
    keywords: ['://'],
    expression:
      /(?<=[A-Za-z0-9+.-]):\/\/(?:(?<user>[^\s/:@"'`<>\\?#]{0,128}):(?<secret>[^\s/@"'`<>\\?#]{3,256})@|(?<alone>[A-Za-z0-9_-]{20,255})@)(?=[\w.[%-])/,
    anchored: true,
    holds: (secret, group) =>
      group('alone') !== undefined
        ? isLikelySecret(secret)
        : secret !== group('user') && isNoPlaceholder(secret),
    match: [
      'postgres://app:{w16}@db.internal:5432/app',
      'redis://:{w12}@10.0.0.1',
      'https://{h40}@example.com/a',
    ],
    pass: ['http://localhost:8080/@scope', 'postgres://user:password@localhost', 'git@github.com:a/b'],
  },
  {
    id: 'authorization',
    keywords: ['authorization'],
    expression: new RegExp(
      String.raw`authorization(?:${QUOTE}|\]){0,2}\s{0,3}(?:=>|[:=,])\s{0,3}(?:[a-z]?${QUOTE})?(?:(?:bearer|basic|token|apikey|bot|key|digest)\s{1,3})?`,
      'i',
    ),
    values: [{ of: CREDENTIALS, least: 8, most: 4096, padded: true }],
    anchored: true,
    grows: true,
    whole: true,
    near: { oneOf: DIGITS, behind: 4200 },
    holds: isLikelySecret,
    match: ['Authorization: Bearer {w40}', '"Authorization": "Basic {w30}=="', 'authorization: token {h40}'],
    pass: ['Authorization: Bearer $TOKEN', 'Authorization: required'],
  },
  {
    id: 'bearer',
    keywords: ['bearer '],
    expression: /(?<![A-Za-z])bearer {1,3}/i,
    values: [{ of: CREDENTIALS, least: 20, most: 4096, padded: true }],
    anchored: true,
    grows: true,
    whole: true,
    near: { oneOf: DIGITS, behind: 4200 },
    holds: isLikelySecret,
    match: ['Bearer {w40}'],
    pass: ['bearer authentication-with-long-words'],
  },
  {
    id: 'connection-string',
    keywords: ['password=', 'pwd=', 'password =', 'pwd ='],
    expression: /(?<!\w)(?:password|pwd) ?= ?/i,
    values: [
      {
        of: /[^;"'\s\\()]/,
        least: 4,
        most: 128,
        next: /[;"'\s\\)]|$/,
        // After a semicolon or before one.
        fits: ({ text, keyword, start, runEnd }) => {
          if (AFTER_SEMICOLON.test(text.slice(Math.max(0, keyword - 8), keyword))) return true
          const end = runEnd(UP_TO_SEMICOLON)
          return end - start <= 128 && text[end] === ';'
        },
      },
    ],
    anchored: true,
    near: { oneOf: ';', before: 8, behind: 144 },
    holds: isNoPlaceholder,
    match: ['Server=db;Database=app;User Id=sa;Password={w14};Encrypt=true', 'Driver={ODBC};Uid=a;Pwd={w12}'],
    pass: ['Server=db;Password=${DB_PASSWORD};'],
  },
  {
    id: 'command-line',
    keywords: [
      '--pass',
      '--token',
      '--secret',
      '--api-key',
      '--apikey',
      '--auth',
      'sshpass -p',
      '-u ',
      '--user ',
    ],
    expression:
      /(?<![\w-])(?:(?:--(?:password|passwd|passphrase|pass|token|secret|api-?key|auth-?token|auth)(?:=| {1,2})|sshpass -p ?)["']?|(?:-u|--user) ["']?[^\s:"'\\@/]{1,64}:)/,
    values: [
      { behind: ':', of: /[^\s"'\\@/]/, least: 6, most: 128, next: /["']?(?:\s|\\|$)/ },
      { of: /[^\s"'\\]/, least: 6, most: 256 },
    ],
    anchored: true,
    whole: true,
    near: { oneOf: DIGITS, behind: 360 },
    holds: isLikelySecret,
    match: ['tool --password {w16}', 'curl -u app:{w16} https://a.example', 'sshpass -p {w12} ssh a'],
    pass: ['docker run -u 1000:1000 image', 'git push -u origin main', 'tool --token "$TOKEN"'],
  },
  {
    id: 'netrc',
    keywords: ['login '],
    expression: /(?<![\w-])login {1,3}[^\s"'\\]{1,128}(?:\s|\\{1,15}[nrt]){1,12}password {1,3}/i,
    values: [{ of: /[^\s"'\\]/, least: 6, most: 256 }],
    anchored: true,
    near: { oneOf: DIGITS, behind: 420 },
    holds: isLikelySecret,
    match: [
      'machine a.example login bob password {w20}',
      'machine a.example\n  login bob\n  password {w20}\n',
    ],
    pass: ['The login page2 password field asks for password12 characters'],
  },
  {
    id: 'docker-auth',
    keywords: ['"auth'],
    expression: new RegExp(String.raw`"auth${QUOTE}\s{0,3}:\s{0,3}${QUOTE}`),
    values: [{ of: /[A-Za-z0-9+/]/, least: 12, most: 1024, padded: true, next: new RegExp(QUOTE) }],
    anchored: true,
    holds: (secret) =>
      /^[\x20-\x7e]{1,128}:[\x20-\x7e]{3,512}$/.test(Buffer.from(secret, 'base64').toString('latin1')),
    match: ['{"auths":{"ghcr.io":{"auth":"Ym9i{B0}Omh1bnRlcjI4{B0}"}}}'],
    pass: ['{"auth":"oauth2accesstoken"}'],
  },
  {
    id: 'assigned',
    keywords: [...NAMES, '_authtoken', '_auth=', 'passwd'],
    expression: new RegExp(
      // First alternative: up to a quotation mark, as in code and JSON. Second: as in configuration files. Third: XML.
      String.raw`(?:${NAME}|_authtoken|_auth)(?:${NAMED_VALUE}(?=["'\x60\\:]))?(?:(?:${QUOTE}|\])?\s{0,3}(?::=|=>|[:=]|,(?=\s?${QUOTE}))\s{0,3}(?:[bru]{1,2})?${QUOTE}|[ \t]{0,16}[:=][ \t]{0,16}|>)`,
      'i',
    ),
    values: [
      { behind: '"\'`', of: /[^"'`\\\s]/, least: 8, most: 256, next: new RegExp(QUOTE) },
      { behind: '>', of: /[^"'`\\\s<>]/, least: 8, most: 256, next: /<\// },
      {
        of: /[^"'`\\\s;,(){}[\]<>&|$=]/,
        least: 8,
        most: 256,
        padded: true,
        next: /[;,.)\]}]{0,3}(?:[\s&|]|\\|["'`]|$)/,
      },
    ],
    anchored: true,
    whole: true,
    near: { oneOf: DIGITS, behind: 360 },
    holds: isLikelySecret,
    match: [
      'DB_PASSWORD={w20}',
      'export SERVICE_API_KEY="{w32}"',
      '{"client_secret": "{w32}"}',
      String.raw`{\"apiKey\": \"{w32}\"}`,
      'password: {w14}',
      '//registry.example/:_authToken={h36}',
      'https://api.example/v1?access_token={w32}&page=2',
      '<server><password>{w16}</password></server>',
      '{"name": "DB_PASSWORD", "value": "{w20}"}',
      '- name: API_KEY\n  value: {w24}',
      'password    =    {w16}',
    ],
    pass: [
      'MAX_TOKENS=4096',
      'password_min_length = 12345678',
      'const token = readToken(1)',
      'api_key: settings.API_KEY',
      'password: "your-password-1"',
      'token: string',
      'secret = "${SECRET_1}"',
    ],
  },
]

/** Whether the name is that of a header whose value is a secret. */
export const isAuthorization = (name: string): boolean => /(?:^|[_.-])authorization$/i.test(name)

/** Whether the name says that its value is a secret, as in `{ "password": … }`. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name)

const SECRET_NAME = new RegExp(`(?:^|[_.-]|[a-z](?=[A-Z]))${NAME}$`, 'i')
