/** What is no text that anybody wrote: images, signatures and other encoded bytes. They are not looked at. */

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
/** A token is shorter, or has characters that base64 has not. */
const SHORTEST = 256

/** Whether the value under this key is encoded bytes. */
export function isData(text: string, key: string | number | undefined): boolean {
  if (typeof key === 'string' && KEYS.has(key) && text.length >= 32) return ENCODED.test(text)
  return text.length >= SHORTEST && text.length % 4 === 0 && isBase64(text)
}

function isBase64(text: string): boolean {
  // A look at the beginning decides for nearly all texts.
  return /^[A-Za-z0-9+/]{64}/.test(text) && /^[A-Za-z0-9+/]+={0,2}$/.test(text)
}
