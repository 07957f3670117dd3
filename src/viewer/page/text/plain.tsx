/** Text of a session as it stands. What an eye would misread or not see at all is made visible. */
import { hasHidden, visible } from '../../../view/visible.ts'

/** A text with its lines; characters that are hidden or turn the direction of reading are written as their codes. */
export function Plain({ text }: { text: string }) {
  return <>{shown(text)}</>
}

/** The same for a place that has one line. */
export const shownLine = (text: string): string =>
  hasHidden(text) ? visible(text) : text.replaceAll('\n', ' ')

export function shown(text: string): string {
  const lines = text.replaceAll('\r\n', '\n')
  return hasHidden(lines) ? lines.split('\n').map(visible).join('\n') : lines
}
