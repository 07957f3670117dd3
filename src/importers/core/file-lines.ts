/** Collects the lines of a file that is restored, in any order. */
import type { AgentSource, ExportedFile } from '../importer.ts'
import { rawBytes } from '../jsonl.ts'
import { documentOfLines } from './documents/document.ts'

export class FileLines {
  readonly #lines = new Map<number, string | Buffer>()
  #end: Partial<AgentSource> = {}

  has(line: number): boolean {
    return this.#lines.has(line)
  }

  set(line: number, text: string | Buffer): void {
    this.#lines.set(line, text)
  }

  endsAs(end: Partial<AgentSource>): void {
    if ((end.cursor?.bytes ?? 0) >= (this.#end.cursor?.bytes ?? 0)) this.#end = end
  }

  finish(name: string): ExportedFile {
    const { unfinished, bom, crlf, finalNewline = true, frame } = this.#end
    const parts = [...this.#lines].sort(([a], [b]) => a - b).map(([, text]) => text)
    if (unfinished !== undefined) parts.push(rawBytes(unfinished))
    const lines = parts.map((part) => part.toString())
    if (frame !== undefined) return { name, lines, bytes: () => Buffer.from(documentOfLines(frame, lines)) }
    const newline = crlf === true ? '\r\n' : '\n'
    const closed = unfinished === undefined && finalNewline
    return {
      name,
      lines,
      bytes() {
        const chunks = parts.flatMap((part, index) => [
          Buffer.from(part as string),
          Buffer.from(closed || index < parts.length - 1 ? newline : ''),
        ])
        return Buffer.concat([Buffer.from(bom === true ? '\ufeff' : ''), ...chunks])
      },
    }
  }
}
