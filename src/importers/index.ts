/** Import and export of other tools' sessions. */
import type { SessionStore } from '../store/session-store.ts'
import type { NamedLines } from './byte-source.ts'
import { claudeCode } from './claude-code/index.ts'
import { type ExportOptions, type ExportResult, exportSession } from './core/export.ts'
import { type FolderImport, importFolder } from './core/folder.ts'
import { importSession } from './core/import.ts'
import type { ImportOptions, ImportResult } from './core/import-result.ts'

export type { JsonObject } from '../json-value.ts'
export { type ByteSource, linesOf, type NamedLines, openSource } from './byte-source.ts'
export { type ExportOptions, type ExportResult, exportSession, writeFiles } from './core/export.ts'
export { type FolderImport, importAnyFolder, importFolder } from './core/folder.ts'
export { importFile, importSession } from './core/import.ts'
export type { ImportOptions, ImportProgress, ImportResult, ImportWarning } from './core/import-result.ts'
export type { ToolHook } from './hooks/hook.ts'
export { HOOKS } from './hooks/hooks.ts'
export type * from './importer.ts'
export type { RawLine, RawText } from './jsonl.ts'
export { foldersOf, IMPORTERS, registerImporter } from './registry.ts'
export { type WatchedFolder, type WatchOptions, watchSessions } from './watch/watch.ts'
export { claudeCode }

/** `importSession` for a Claude Code session. */
export const importClaudeCode = (
  source: string | NamedLines,
  store: SessionStore,
  options?: ImportOptions,
): Promise<ImportResult> => importSession(claudeCode, source, store, options)

/** `importFolder` for Claude Code sessions, such as those of `~/.claude/projects`. */
export const importClaudeCodeFolder = (
  folder: string,
  store: SessionStore,
  options?: Omit<ImportOptions, 'sessionId' | 'agents'>,
): AsyncGenerator<FolderImport> => importFolder(claudeCode, folder, store, options)

/** `exportSession` for a session that was imported from Claude Code. */
export const exportClaudeCode = (
  store: SessionStore,
  session: string,
  options?: ExportOptions,
): Promise<ExportResult> => exportSession(claudeCode, store, session, options)

export { type Order, type Position, sessionOfDocument } from './core/documents/document.ts'
export type { Frame, Spacing } from './core/documents/frame.ts'
export { writeFiles as writeClaudeCode } from './core/export.ts'
export { filesBelow } from './core/files-below.ts'
export { detectByLine, readByLine, writeByLine } from './core/lines/by-line.ts'
export type { LineContext, Meaning, MeaningOf, Said } from './core/lines/meaning.ts'
export { isToolOf, toolOf } from './core/sessions-of.ts'
export { type Continued, type ContinueOptions, composeSession, continueWith } from './out/continue.ts'
export {
  type Call,
  type Conversation,
  conversationOf,
  type Piece,
  type Utterance,
} from './out/conversation.ts'
export { MESSAGE_ARRAYS } from './out/messages.ts'
export type { Compose, Composed, ComposeOptions } from './out/target.ts'
