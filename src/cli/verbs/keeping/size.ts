/** Formats bytes for people, such as `12.3 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  for (const [unit, factor] of UNITS) {
    if (bytes < factor * 1000) return `${(bytes / factor).toFixed(1)} ${unit}`
  }
  return `${Math.round(bytes / 1e12)} TB`
}

const UNITS = [
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
] as const
