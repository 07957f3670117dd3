/** Keyboard shortcuts: one key without modifiers each, not while the user types, and all listed in the help. */
import { useLayoutEffect } from 'preact/hooks'

export interface Key {
  /** Value of `KeyboardEvent.key`. */
  key: string
  about: string
  run: () => void
}

const active = new Set<readonly Key[]>()

/** Returns the keys of all shown components, in the order they were added. */
export const keysNow = (): Key[] => [...active].flat()

/** Activates keys while the component is shown. */
export function useKeys(keys: readonly Key[]): void {
  // A layout effect, since the next key may come before the next frame and must see the effect of this one.
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
  // The key that was added last is the most specific.
  const found = keysNow().findLast(({ key }) => key === event.key)
  if (found === undefined) return
  event.preventDefault()
  found.run()
})
