import { isUtf8 } from 'node:buffer'
import { asBuffer } from '../../git/objects/object.ts'

/** Decodes bytes as UTF-8 or, if they are not valid UTF-8, as Latin-1. */
export const textOf = (data: Uint8Array): string => asBuffer(data).toString(isUtf8(data) ? 'utf8' : 'latin1')
