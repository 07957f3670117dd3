/** Formats numbers, times and sizes for people. */

const number = (value: number): string => value.toLocaleString('en-US')

/** Formats a number such as `1.2k` or `3.4M`. */
export function short(value: number): string {
  if (value < 1000) return String(value)
  if (value < 1_000_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)}k`
  return `${(value / 1_000_000).toFixed(value < 10_000_000 ? 1 : 0)}M`
}

/** Formats a cost, in the currency of the prices; small sums get more digits. */
export const cost = (value: number): string => `cost ${value.toFixed(value < 1 ? 4 : 2)}`

export const count = (value: number, noun: string): string =>
  `${number(value)} ${noun}${value === 1 ? '' : 's'}`

/** Formats a duration such as `850 ms`, `12 s`, `3 min 20 s` or `2 h 5 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min${seconds % 60 === 0 ? '' : ` ${seconds % 60} s`}`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`
  return `${Math.round(hours / 24)} days`
}

/** Formats a time as `2025-11-03 09:12`, local time; anything else is returned unchanged. */
export function when(time: string | undefined): string {
  const date = new Date(time ?? '')
  if (Number.isNaN(date.getTime())) return time ?? ''
  return `${day(date)} ${clock(date)}`
}

/** Formats a time as `09:12`, local time. */
export function clockOf(time: string | undefined): string {
  const date = new Date(time ?? '')
  return Number.isNaN(date.getTime()) ? '' : clock(date)
}

/** Formats a time such as `5 minutes ago` or `yesterday`; earlier days as a date. */
export function ago(time: string, now: number): string {
  const then = Date.parse(time)
  if (Number.isNaN(then)) return time
  const minutes = Math.round((now - then) / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes} min ago`
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`
  const days = Math.round(minutes / 60 / 24)
  return days < 30 ? `${days} days ago` : day(new Date(then))
}

export const bytes = (size: number): string =>
  size < 1000
    ? `${size} B`
    : size < 1_000_000
      ? `${Math.round(size / 1000)} KB`
      : `${(size / 1_000_000).toFixed(1)} MB`

export const shortId = (id: string): string => id.slice(0, 8)

const two = (value: number): string => String(value).padStart(2, '0')
const day = (date: Date): string => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
const clock = (date: Date): string => `${two(date.getHours())}:${two(date.getMinutes())}`
