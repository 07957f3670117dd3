/** Whole documents ⇄ files at once. Stores do it in pieces: a head, items, a document in slices. */

import { decodingSteps } from '../../src/codec/document.ts'
import { encodeHead, encodeItem, type Layout } from '../../src/codec/index.ts'

export function encodeDocument(document: unknown, layout: Layout): Map<string, Uint8Array> {
  const files = new Map(encodeHead(document, layout))
  for (const { name } of layout.collections) {
    const items = (document as Record<string, unknown>)[name]
    if (!Array.isArray(items)) continue
    items.forEach((item, index) => {
      for (const [path, bytes] of encodeItem(layout, name, index, item)) files.set(path, bytes)
    })
  }
  return files
}

export function decodeDocument(files: ReadonlyMap<string, Uint8Array>): Record<string, unknown> {
  const steps = decodingSteps(files)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
