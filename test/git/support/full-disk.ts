/** Disks without room: what a simulated disk refuses from an operation on. */
import type { Fault, Operation } from './simulated-disk.ts'

/** Whether an operation needs no room. */
const isFree = ({ kind, replaces = false }: Operation): boolean =>
  replaces || /unlink|removeDir|sync|truncate|close/.test(kind)

/** How a disk is full: from one operation on, at one operation only, or in the middle of a write. */
export const FULL: Record<string, (n: number) => (operation: Operation) => Fault | undefined> = {
  'from an operation on': (n) => (operation) =>
    operation.n >= n && !isFree(operation) ? { error: 'ENOSPC' } : undefined,
  'for one operation': (n) => (operation) => (operation.n === n ? { error: 'ENOSPC' } : undefined),
  'after half of a write': (n) => {
    let isFull = false
    return (operation) => {
      const { n: at, kind, bytes = 0 } = operation
      if (at < n || isFree(operation)) return undefined
      if (isFull || kind !== 'write' || bytes < 2) return { error: 'ENOSPC' }
      isFull = true
      return { short: Math.floor(bytes / 2) }
    }
  },
}
