/** Returns a server's message as safe text: without control characters, and of limited length. */
export function plainWords(text: string): string {
  const plain = text
    .toWellFormed()
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .trim()
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST - 1)}…` : plain
}

const LONGEST = 2000
