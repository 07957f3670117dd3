/** Moves the focus through a list of elements with the keyboard. */

/**
 * Focuses the element of the list that is `by` after the one with the focus, or the first. Stays at the ends.
 *
 * @param block where the element is scrolled to, if not only as far as needed
 */
export function stepFocus(selector: string, by: 1 | -1, block?: ScrollLogicalPosition): void {
  const all = [...document.querySelectorAll<HTMLElement>(selector)]
  const at = all.findIndex((one) => one.contains(document.activeElement))
  const next = all[Math.min(Math.max(0, at + by), all.length - 1)]
  next?.focus({ preventScroll: block !== undefined })
  if (block !== undefined) next?.scrollIntoView({ block })
}
