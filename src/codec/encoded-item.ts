/** Items that were encoded ahead, such as by another thread. */
import { decodeItem } from './item.ts'

/** A page that was made ahead: of the items of one addition, for the turn of this number. */
export interface EncodedPage {
  path: string
  seq: number
  bytes: Uint8Array
}

/** What an item of a collection is known by. */
export interface EncodedPlace {
  id: string | undefined
  collection: string
  index: number
}

/** An item as its files at one place. Its value is decoded only if it is needed, such as for another place. */
export class EncodedItem {
  readonly id: string | undefined
  readonly collection: string
  readonly index: number
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The page that begins with this item. It counts only if the addition consists of encoded items at their places. */
  readonly page: EncodedPage | undefined

  constructor(
    { id, collection, index }: EncodedPlace,
    files: ReadonlyMap<string, Uint8Array>,
    page?: EncodedPage,
  ) {
    this.id = id
    this.collection = collection
    this.index = index
    this.files = files
    this.page = page
  }

  get value(): unknown {
    return decodeItem(this.files)
  }
}
