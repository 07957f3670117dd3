/** Finds the tool that wrote a file, and the sessions in the file. */
import { UnsupportedError } from '../../errors.ts'
import type { ByteSource } from '../byte-source.ts'
import type { Importer } from '../importer.ts'

/** Yields the sessions of a file. Throws UnsupportedError if the file is not one of the tool's. */
export async function* sessionsOf(tool: Importer, source: ByteSource): AsyncGenerator<ByteSource> {
  if (tool.sessions === undefined) {
    if ((await tool.detect?.(source)) !== true) throw notASession(tool, source)
    yield source
    return
  }
  if (tool.detect !== undefined && !(await tool.detect(source))) throw notASession(tool, source)
  let found = false
  for await (const session of tool.sessions(source)) {
    found = true
    yield session
  }
  if (!found) throw notASession(tool, source)
}

/** Returns the tool that wrote a file; `undefined` if none of them did, or if the file is empty. */
export async function toolOf(tools: readonly Importer[], source: ByteSource): Promise<Importer | undefined> {
  if (source.size === 0) return undefined
  for (const tool of tools) if (await isToolOf(tool, source)) return tool
  return undefined
}

export async function isToolOf(tool: Importer, source: ByteSource): Promise<boolean> {
  if (tool.detect !== undefined) return tool.detect(source)
  for await (const _ of tool.sessions?.(source) ?? []) return true
  return false
}

const notASession = ({ name, title }: Importer, { name: file, path = file }: ByteSource): UnsupportedError =>
  new UnsupportedError(name, `'${path}' is not a session of ${title}.`)
