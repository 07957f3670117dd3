/** Documents ⇄ trees of files, format 1: values to values, no disk. */
export {
  decodeDocument,
  decodeHead,
  decodeItems,
  encodeHead,
  missingItem,
} from './document.ts'
export { EncodedItem, type EncodedPage } from './encoded-item.ts'
export {
  appendEvents,
  besideSegment,
  decodeEvents,
  type LogTail,
} from './events.ts'
export { decodeItem, encodeItem } from './item.ts'
export { jsonFile } from './json-file.ts'
export { writeJson } from './json-writer.ts'
export {
  type CollectionSpec,
  genericLayout,
  isFolderName,
  type Layout,
  sessionLayout,
} from './layout.ts'
export { isFileOf, MAX_INLINE_TEXT } from './markers.ts'
export { isInItem, isOurs, isPage, mayHoldOurs, oursIn } from './ours.ts'
export {
  folderName,
  ITEMS_PER_FOLDER,
  type ItemRange,
  isGroup,
  itemAt,
  itemParts,
  itemPlace,
  itemsIn,
  numbered,
  pagePath,
  parseItemName,
  parseItemPath,
  parsePageName,
  parseSegmentName,
} from './place.ts'
export { isRootFile } from './root-files.ts'
