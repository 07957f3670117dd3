/** Remembers what is folded and unfolded while parts of a long conversation leave the page and come back. */
import { useEffect, useState } from 'preact/hooks'

const open = new Map<string, boolean>()
const followers = new Set<() => void>()
let all: boolean | undefined

/** @param otherwise whether it is open at first */
export function useFold(
  key: string,
  otherwise: boolean,
): readonly [isOpen: boolean, set: (value: boolean) => void] {
  const now = () => open.get(key) ?? all ?? otherwise
  const [isOpen, change] = useState(now)
  useEffect(() => {
    const follow = () => change(now())
    followers.add(follow)
    return () => void followers.delete(follow)
  }, [key])
  const set = (value: boolean) => {
    open.set(key, value)
    change(value)
  }
  return [isOpen, set]
}

/** Unfolds or folds everything, also what is added later. */
export function foldAll(): void {
  all = all !== true
  open.clear()
  for (const follow of followers) follow()
}
