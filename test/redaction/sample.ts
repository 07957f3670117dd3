/** Made-up secrets. They are made when a test runs, so that nothing in this repository looks like one. */

/** Numbers from 0 up to 1, the same ones for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const ALPHABETS: Readonly<Record<string, string>> = {
  w: `${LETTERS}0123456789`,
  l: LETTERS,
  h: '0123456789abcdef',
  d: '0123456789',
  U: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  b: `${LETTERS}0123456789-_`,
  B: `${LETTERS}0123456789+/`,
}

/**
 * The template with each part in braces filled in: `{w36}` is 36 letters and digits; `l` letters, `h` hex, `d` digits,
 * `U` capitals and 2 to 7, `b` base64url, `B` base64. The first is a letter and the second a digit where there are
 * both, since so are nearly all real ones.
 */
export function sample(template: string, random: () => number): string {
  const pick = (from: string) => from[Math.floor(random() * from.length)]!
  return template.replace(/\{([wlhdUbB])([0-9]+)\}/g, (_, kind: string, length: string) => {
    const all = ALPHABETS[kind]!
    const plain = [...all].filter((char) => /[A-Za-z0-9]/.test(char)).join('')
    const letters = [...all].filter((char) => /[A-Za-z]/.test(char)).join('')
    const digits = [...all].filter((char) => /[0-9]/.test(char)).join('')
    return Array.from({ length: Number(length) }, (_, index) => {
      if (index === 0) return pick(kind === 'h' ? all : letters || all)
      if (index === 1) return pick(digits || all)
      return pick(index === Number(length) - 1 ? plain : all)
    }).join('')
  })
}

/** Which part of a sample of a rule is the secret: all that was filled in. */
export function filled(template: string, random: () => number): { text: string; secrets: string[] } {
  const secrets: string[] = []
  const text = template.replace(/\{[wlhdUbB][0-9]+\}/g, (part) => {
    const secret = sample(part, random)
    secrets.push(secret)
    return secret
  })
  return { text, secrets }
}
