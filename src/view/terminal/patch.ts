/** Shows a patch of git. */
import { bold, cyan, green, type Line, line, red } from './line.ts'

export function* patchLines(patch: string): Generator<Line> {
  let isHead = true
  for (const text of patch.replace(/\n$/, '').split('\n')) {
    if (text.startsWith('diff --git ')) isHead = true
    if (text.startsWith('@@ ')) isHead = false
    yield isHead
      ? bold(text)
      : text.startsWith('@@ ')
        ? cyan(text)
        : text.startsWith('+')
          ? green(text)
          : text.startsWith('-')
            ? red(text)
            : line`${text}`
  }
}
