/** Recognizes encoded bytes, such as images and signatures. They are not scanned for secrets. */

/** Keys under which providers and tools put signatures and encoded content. */
const KEYS = new Set([
  'signature',
  'thoughtSignature',
  'thought_signature',
  'encrypted_content',
  'encryptedContent',
  'reasoningEncryptedContent',
  'redactedData',
  'data',
  'file_data',
  'image_url',
  'integrity',
  'b64_json',
])
const ENCODED = /^(?:[A-Za-z0-9+/]|[\w-])+={0,2}$/
/** Characters of the shortest text that may be encoded bytes. Tokens are shorter, or are not base64. */
const SHORTEST = 256

/** Characters of the longest token that a rule knows as a whole. Encoded bytes up to this length may be one. */
export const LONGEST_TOKEN = 512

/** Whether the text, stored under this key, is encoded bytes. */
export function isData(text: string, key: string | number | undefined): boolean {
  if (typeof key === 'string' && KEYS.has(key) && text.length >= 32) return ENCODED.test(text)
  return text.length >= SHORTEST && text.length % 4 === 0 && isBase64(text)
}

function isBase64(text: string): boolean {
  // The first characters decide for nearly all texts.
  return /^[A-Za-z0-9+/]{64}/.test(text) && /^[A-Za-z0-9+/]+={0,2}$/.test(text)
}
