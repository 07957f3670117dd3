/** Shows session text verbatim, with misleading and invisible characters made visible. */
import { hasHidden, visible } from '../../../view/visible.ts'

/** Shows a text with its lines. Invisible and bidirectional characters are shown as codes. */
export function Plain({ text }: { text: string }) {
  return <>{shown(text)}</>
}

/** The same on one line. */
export const shownLine = (text: string): string =>
  hasHidden(text) ? visible(text) : text.replaceAll('\n', ' ')

export function shown(text: string): string {
  const lines = text.replaceAll('\r\n', '\n')
  return hasHidden(lines) ? lines.split('\n').map(visible).join('\n') : lines
}
