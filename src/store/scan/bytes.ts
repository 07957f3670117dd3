import { isUtf8 } from 'node:buffer'
import { asBuffer } from '../../git/objects/object.ts'

/** Bytes as a text to look at: as UTF-8, or where they are none byte by byte. */
export const textOf = (data: Uint8Array): string => asBuffer(data).toString(isUtf8(data) ? 'utf8' : 'latin1')
