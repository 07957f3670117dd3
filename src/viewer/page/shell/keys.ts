/** One key, one action: never while somebody types, never with a modifier, and all of them listed in the help. */
import { useLayoutEffect } from 'preact/hooks'

export interface Key {
  /** As `KeyboardEvent.key` says it. */
  key: string
  about: string
  run: () => void
}

const active = new Set<readonly Key[]>()

/** The keys of what is on the page now, in the order they were added. */
export const keysNow = (): Key[] => [...active].flat()

/** Keys that work while the component is shown. */
export function useKeys(keys: readonly Key[]): void {
  // At once: a second key may come before the next picture, and has to meet what the first one did.
  useLayoutEffect(() => {
    active.add(keys)
    return () => void active.delete(keys)
  })
}

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
  const target = event.target as HTMLElement
  if (/^(?:INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) {
    if (event.key === 'Escape') target.blur()
    return
  }
  if (document.querySelector('dialog[open]') !== null) return
  // The last one is the most special.
  const found = keysNow().findLast(({ key }) => key === event.key)
  if (found === undefined) return
  event.preventDefault()
  found.run()
})
