/** Transcripts of other tools as sessions, and back. */
export type { NamedLines } from './byte-source.ts'
export {
  type ExportedFile,
  type ExportOptions,
  type ExportResult,
  exportClaudeCode,
  writeClaudeCode,
} from './claude-code/export.ts'
export { type FolderImport, importClaudeCodeFolder } from './claude-code/folder.ts'
export {
  type ImportOptions,
  type ImportProgress,
  type ImportResult,
  type ImportWarning,
  importClaudeCode,
} from './claude-code/import.ts'
