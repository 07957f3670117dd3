/**
 * What a tool's importer is. A tool says how its files are found, read and written (`Importer`); all tools share
 * what is done with that: which checkpoints there are already, branches, keys, progress (`core/`).
 */
import type { Message, Run, Session } from '../state/index.ts'
import type { ByteSource, NamedLines } from './byte-source.ts'
import type { Frame } from './core/documents/frame.ts'
import type { RawText } from './jsonl.ts'
import type { Compose } from './out/target.ts'

/** A tool whose sessions can be imported. `registry.ts` lists them. */
export interface Importer {
  /** One word, as on the command line: `claude-code`. */
  readonly name: string
  /** As people write it: `Claude Code`. */
  readonly title: string
  /** One line for `--help`. */
  readonly description: string
  /** Such as `a .jsonl file, or a folder of them`. */
  readonly input: string
  /** Where the tool keeps its sessions, as for a shell: `~/.claude/projects`; absent: wherever its user says. */
  readonly folder?: string
  /** All folders where it may keep them, seen from the home folder, if there are more than `folder`, or a variable names them. */
  folders?(home: string, environment: Readonly<Record<string, string | undefined>>): readonly string[]
  /** Number of the format that `read` gives and `write` takes; what is stored in a newer one is refused. */
  readonly format: number
  /** How names of session files end: `.jsonl`. What stands before is the session's id where the file gives none. */
  readonly extension: string
  /**
   * The sessions of a file that is not lines of one session: a JSON document, several sessions, a compressed file, a
   * folder. The other methods get what this gives. None: the file is not one of the tool's.
   */
  sessions?(source: ByteSource): AsyncIterable<ByteSource>
  /**
   * Whether the file is one of the tool's sessions. An empty file may be one that has just begun. Default, for a tool
   * with `sessions`: whether that gives any.
   */
  detect?(source: ByteSource): Promise<boolean>
  /**
   * The session files of a folder and below, those of one session in a row. Problems with single files are given, too.
   * The default are all files with the extension.
   */
  locate?(folder: string): AsyncIterable<Located>
  /** What a file says. Liberal: what a line may lack or have more of is no error. */
  read(source: ByteSource, options: ReadOptions): Promise<Transcript>
  /** Files of sub-agents that belong to a session's file, where the tool has such files. */
  agentsOf?(path: string, transcript: Transcript): Promise<readonly string[]>
  /** @param folder that of the session's file */
  readAgent?(source: string | NamedLines, folder: string, options: ReadOptions): Promise<AgentTranscript>
  /** The files that states of the session were read from, all of one file; later states add to earlier ones. */
  write?(states: AsyncIterable<Session>): Promise<WrittenFiles>
  /** A session of any tool as a new one of this tool. */
  compose?: Compose
  /**
   * Entries of the tool's own as it takes them here, such as with the model provider that is configured now.
   *
   * @param composed the first entry that `compose` made for the same place
   */
  fitted?(entries: readonly string[], composed: string): readonly string[]
}

/** A session's file, or what is wrong with one. */
export interface Located {
  path: string
  /** Files of sub-agents. */
  agents?: readonly string[]
  /** Why it cannot be read. */
  error?: Error
}

export interface ReadOptions {
  /** Milliseconds, for a file that says no time at all. */
  now: number
  /** Opens another file of the session, with the secrets taken out if they are to be. */
  open: (source: string | NamedLines) => Promise<ByteSource>
}

/** A session file, read once. Turns are built one by one, so that the file may be larger than memory. */
export interface Transcript {
  /** Name of the file. */
  readonly name: string
  /** Turn 0 holds what stands before the first prompt. */
  readonly turns: readonly Turn[]
  /** Index of the turn with the last line. Nothing continues it. */
  readonly current: number
  /** The session's id as the file gives it. */
  readonly sessionId: string | undefined
  /** ISO 8601: the first and the last time in the file. */
  readonly firstAt: string
  readonly lastAt: string
  /** How many lines say something. */
  readonly entries: number
  readonly warnings: readonly Warning[]
  readonly end: FileEnd
  /** The same lines always give the same. */
  build(index: number): Promise<BuiltTurn>
}

/**
 * A prompt and what belongs to it. Every line that says something is in one turn. A file that has grown since gives
 * the same turns again and more of them; a turn that none continues may have got more lines.
 */
export interface Turn {
  /** `start`, or `line-48` for the turn that starts on line 48. */
  id: string
  /** Index of the turn it continues, an earlier one; `undefined` for the start. */
  parent: number | undefined
  rows: readonly Row[]
  /** One line, for git's log. */
  subject: string
  /** What is known of the session once the turn is over. */
  about: About
  /** Up to its last line. */
  cursor: Cursor
}

/** Where a line is; offsets in bytes, the line end not included. */
export interface Row {
  line: number
  start: number
  end: number
  /** ISO 8601. */
  at: string
}

/** How much of a file was read: enough to tell later whether a file is its continuation. */
export interface Cursor {
  /** Number of the last line. */
  lines: number
  /** Offset behind it, its line end not included. */
  bytes: number
  /** Of these bytes. */
  sha256: string
}

export interface About {
  title?: string
  model?: string
  workspace?: string
  /** Version of the tool. */
  version?: string
  gitBranch?: string
  /** Address that the workspace's repository is fetched from, as the tool noted it. */
  remote?: string
}

export interface Warning {
  line: number
  message: string
}

/** How a file looks beyond its lines. What is usual is absent. */
export interface FileEnd {
  /** A last line that was cut off. */
  unfinished?: { line: number } & RawText
  bom?: boolean
  crlf?: boolean
  finalNewline?: boolean
  /** Of a JSON document: all but its entries. */
  frame?: Frame
}

export interface BuiltTurn {
  /** In the order of their first line. */
  messages: Message[]
  /** Runs of sub-agents whose conversation stands between the turn's lines, then its own. */
  runs: ImportedRun[]
  /** When it was over, ISO 8601. */
  endedAt: string
}

/** A run that was imported: `source` says from where, `agent` whose it was if it was a sub-agent's. */
export interface ImportedRun extends Run {
  agent?: AgentInfo
  source: {
    /** First and last line. */
    lines: [number, number]
    /** Only of a sub-agent with a file of its own: that file, seen from the folder of the session's. */
    file?: string
  } & Partial<AgentSource>
}

export interface AgentInfo {
  id: string
  description?: string
  /** Such as `general-purpose`. */
  type?: string
  /** Id of the tool call that started it. */
  toolCallId?: string
}

/** How far a sub-agent's file was imported. */
export interface AgentSource extends FileEnd {
  cursor: Cursor
}

/** The file of a sub-agent, which becomes one run of the session. */
export interface AgentTranscript {
  /** Seen from the folder of the session's file, with `/`. */
  readonly file: string
  /** Id of its run. */
  readonly run: string
  readonly source: ByteSource
  readonly transcript: Transcript
  build(run: string, session: Transcript): Promise<ImportedRun>
}

export interface WrittenFiles {
  /** The session's own file. */
  main: ExportedFile
  /** Files of sub-agents. */
  agents: ExportedFile[]
  /** Ids of messages that did not come from the tool and are in no file. */
  own: ReadonlySet<string>
}

export interface ExportedFile {
  /** Seen from the folder of the session's file. */
  name: string
  /** One entry each, in the order of the file; a line that could not be read as it was. */
  lines: string[]
  /** The whole file. What the tool wrote comes back byte for byte. */
  bytes(): Buffer
}

/** How far a file was read, and how it ends. */
export function sourceOf({ turns, end }: Pick<Transcript, 'turns' | 'end'>): AgentSource {
  const cursor = turns.reduce((a, { cursor: b }) => (b.bytes > a.bytes ? b : a), (turns[0] as Turn).cursor)
  return { cursor, ...end }
}
