/** Conversions of a conversation's pieces that several tools need. */
import type { Call, Piece } from './conversation.ts'

export const plainText = (pieces: readonly Piece[]): string =>
  pieces.flatMap((piece) => (piece.kind === 'text' ? [piece.text] : [])).join('\n')

export const callsIn = (pieces: readonly Piece[]): Call[] =>
  pieces.filter((piece): piece is Call => piece.kind === 'call')

export const isUrl = (data: string): boolean => /^https?:/.test(data)

export const imageUrl = ({ data, mediaType }: Extract<Piece, { kind: 'image' }>): string =>
  isUrl(data) ? data : `data:${mediaType};base64,${data}`
