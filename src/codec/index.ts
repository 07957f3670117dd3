/** Documents ⇄ trees of files, format 1: values to values, no disk. */
export { textOfParts } from '../state/index.ts'
export {
  decodeDocument,
  decodeDocumentSliced,
  decodeHead,
  encodeDocument,
  encodeDocumentSliced,
  encodeHead,
} from './document.ts'
export {
  appendEvents,
  besideSegment,
  decodeEvents,
  type LogTail,
  SEGMENT_BYTES,
  SEGMENT_EVENTS,
} from './events.ts'
export { decodeItem, encodeItem } from './item.ts'
export { jsonFile } from './json-file.ts'
export { type WriteOptions, writeJson } from './json-writer.ts'
export {
  type CollectionSpec,
  genericLayout,
  isFolderName,
  type KeyOrder,
  type Layout,
  sessionLayout,
} from './layout.ts'
export { MAX_INLINE_BINARY, MAX_INLINE_TEXT } from './markers.ts'
export { isOurs, mayHoldOurs } from './ours.ts'
export {
  folderName,
  type ItemPlace,
  itemPlace,
  numbered,
  parseFolderName,
  parseItemName,
  parseSegmentName,
} from './place.ts'
