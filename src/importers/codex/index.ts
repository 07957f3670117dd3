/** Codex: one rollout `.jsonl` per session, below `$CODEX_HOME/sessions`. */
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { UnsupportedError } from '../../errors.ts'
import { type ByteSource, ofBytes } from '../byte-source.ts'
import { filesBelow } from '../core/files-below.ts'
import { detectByLine, readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { Importer } from '../importer.ts'
import { composeRollout, fittedRollout } from './compose.ts'
import { isRolloutEntry, meaningOf } from './entry.ts'
import { isStraight } from './straight.ts'

export const codex: Importer = {
  name: 'codex',
  title: 'Codex',
  description: 'Codex rollouts',
  input: 'a rollout .jsonl or .jsonl.zst, or a folder of them such as ~/.codex/sessions',
  folder: '~/.codex/sessions',
  folders: (home, { CODEX_HOME }) =>
    ['sessions', 'archived_sessions'].map((name) => join(CODEX_HOME || join(home, '.codex'), name)),
  format: 1,
  extension: '.jsonl',
  readsLines: true,
  isStraight,
  detect: (source) => (isCompressed(source) ? Promise.resolve(true) : detectByLine(source, isRolloutEntry)),
  async *sessions(source) {
    yield isCompressed(source) ? await decompressed(source) : source
  },
  async *locate(folder) {
    yield* await filesBelow(folder, '.jsonl')
    yield* await filesBelow(folder, '.jsonl.zst')
  },
  read: (source, options) => readByLine(source, options, meaningOf),
  write: writeByLine,
  compose: composeRollout,
  fitted: fittedRollout,
}

const isCompressed = ({ name }: ByteSource): boolean => name.endsWith('.jsonl.zst')

async function decompressed(source: ByteSource): Promise<ByteSource> {
  const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync?: (bytes: Buffer) => Buffer }
  if (zstdDecompressSync === undefined) {
    throw new UnsupportedError('zstd', `'${source.name}' is compressed. Node 22.15 or newer can read it.`)
  }
  try {
    const bytes = zstdDecompressSync(await source.read(0, source.size))
    return { ...ofBytes(source.name.replace(/\.zst$/, ''), bytes), modified: source.modified }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UnsupportedError('codex', `'${source.name}' cannot be decompressed: ${reason}`)
  }
}
