/**
 * The interface of an importer. A tool defines how its files are found, read and written (`Importer`). The rest is the
 * same for all tools and is in `core/`: existing checkpoints, branches, keys, progress.
 */
import type { Message, Run, Session } from '../state/index.ts'
import type { ByteSource, NamedLines } from './byte-source.ts'
import type { Frame } from './core/documents/frame.ts'
import type { RawText } from './jsonl.ts'
import type { Compose } from './out/target.ts'

/** A tool whose sessions can be imported. `registry.ts` lists them. */
export interface Importer {
  /** Name for the command line, one word: `claude-code`. */
  readonly name: string
  /** Name to show to people: `Claude Code`. */
  readonly title: string
  /** One line for `--help`. */
  readonly description: string
  /** What can be imported, such as `a .jsonl file, or a folder of them`. */
  readonly input: string
  /** Folder where the tool keeps its sessions, such as `~/.claude/projects`; absent if only the user knows it. */
  readonly folder?: string
  /**
   * Returns all folders where the tool may keep its sessions, for a home folder, environment variables and an operating
   * system. Needed only if `folder` does not cover them.
   */
  folders?(
    home: string,
    environment: Readonly<Record<string, string | undefined>>,
    platform: NodeJS.Platform,
  ): readonly string[]
  /** Version of the format that `read` returns and `write` takes. Sessions stored in a newer format are refused. */
  readonly format: number
  /** Extension of session files: `.jsonl`. The name before it is the session id if the file contains none. */
  readonly extension: string
  /**
   * Finds the sessions of a file that does not contain the lines of exactly one session: a JSON document, several
   * sessions, a compressed file, a folder. The other methods get the sources that this yields. If it yields none, the
   * file is not one of the tool's.
   */
  sessions?(source: ByteSource): AsyncIterable<ByteSource>
  /**
   * Whether the file is one of the tool's sessions. An empty file may be a session that has just begun. Default, for a
   * tool with `sessions`: whether `sessions` yields any.
   */
  detect?(source: ByteSource): Promise<boolean>
  /**
   * Finds the session files in a folder and its subfolders. Files of one session follow each other. Files that cannot
   * be read are yielded with their error. Default: all files with the extension.
   */
  locate?(folder: string): AsyncIterable<Located>
  /**
   * Set if `read` first reads all lines with `linesOf`, and uses nothing else of the source before. Then secrets are
   * removed as the lines are read, and not in a pass before.
   */
  readsLines?: true
  /**
   * Returns whether no prompt of the file goes back to an earlier one, as far as a quick look at the bytes can tell. Of
   * such a file, `read` gives its turns to `ReadOptions.taker`. If it finds out later that a prompt goes back, it throws
   * NotStraight.
   */
  isStraight?(source: ByteSource): Promise<boolean>
  /** Reads a file. Missing or additional fields of a line are not errors. */
  read(source: ByteSource, options: ReadOptions): Promise<Transcript>
  /** Finds the sub-agents' files that belong to a session's file, if the tool writes such files. */
  agentsOf?(path: string, transcript: Pick<Transcript, 'sessionId'>): Promise<readonly string[]>
  /** @param folder folder of the session's file */
  readAgent?(source: string | NamedLines, folder: string, options: ReadOptions): Promise<AgentTranscript>
  /**
   * Writes the files that the states were read from. All states come from one file; later states add to earlier ones.
   */
  write?(states: AsyncIterable<Session>): Promise<WrittenFiles>
  /** Converts a session of any tool to a new session of this tool. */
  compose?: Compose
  /**
   * Adapts entries of the tool itself so that it accepts them on this machine, for example to the model provider that
   * is configured now.
   *
   * @param composed the first line of the text that `compose` made of the same session for this machine
   */
  fitted?(entries: readonly string[], composed: string): readonly string[]
}

/** A session's file, or the reason why it cannot be read. */
export interface Located {
  path: string
  /** Files of sub-agents. */
  agents?: readonly string[]
  /** Why it cannot be read. */
  error?: Error
}

export interface ReadOptions {
  /** Current time in milliseconds, for a file that contains no time. */
  now: number
  /** Bytes of lines that may be kept parsed until their turns are built. Default: 48 MB. */
  memory?: number
  /** Takes the turns of a straight file while it is read. */
  taker?: TurnTaker
  /** Opens another file of the session, without secrets if the import redacts. */
  open: (source: string | NamedLines) => Promise<ByteSource>
}

/** Takes turns one by one, each as soon as the next begins. */
export interface TurnTaker {
  /** Called when the first turn has ended. Returns whether the turns are wanted; otherwise none is given. */
  begin(begun: BegunTranscript): Promise<boolean>
  /** Takes a turn. Its rows are forgotten afterwards. The last turn is not given, but is in the transcript. */
  take(turn: Turn, built: BuiltTurn): Promise<void>
}

/** What is known of a transcript when its first turn has ended. It does not change any more. */
export type BegunTranscript = Pick<Transcript, 'sessionId' | 'firstAt' | 'end'>

/** Thrown by `read` if turns were given, but a later prompt goes back to an earlier turn. */
export class NotStraight extends Error {}

/** A session file, read once. Turns are built one by one, so that the file may be larger than memory. */
export interface Transcript {
  /** Name of the file. */
  readonly name: string
  /** Turn 0 contains everything before the first prompt. */
  readonly turns: readonly Turn[]
  /** Index of the turn with the last line. Nothing continues it. */
  readonly current: number
  /** The session's id from the file; `undefined` if the file contains none. */
  readonly sessionId: string | undefined
  /** ISO 8601: the first and the last time in the file. */
  readonly firstAt: string
  readonly lastAt: string
  /** Number of lines in all turns. */
  readonly entries: number
  readonly warnings: readonly Warning[]
  readonly end: FileEnd
  /** The calls that started sub-agents, by the prompt of the sub-agent, for `readAgent`. */
  readonly agentTasks?: ReadonlyMap<string, Omit<AgentInfo, 'id'>>
  /** Builds the turn at this index. The same lines always give the same result. */
  build(index: number): Promise<BuiltTurn>
}

/**
 * A prompt and everything that belongs to it. Every line with content belongs to exactly one turn. If the file grows,
 * it gives the same turns and additional ones. Only a turn that no other turn continues can get more lines.
 */
export interface Turn {
  /** `start`, or `line-48` for the turn that starts on line 48. */
  id: string
  /** Index of the earlier turn that this one continues; `undefined` for the start. */
  parent: number | undefined
  rows: readonly Row[]
  /** One line, for git's log. */
  subject: string
  /** What is known about the session at the end of the turn. */
  about: About
  /** How far the file is read at the end of the turn. */
  cursor: Cursor
}

/** Position of a line. Offsets are in bytes, without the line end. */
export interface Row {
  line: number
  start: number
  end: number
  /** ISO 8601. */
  at: string
}

/** How much of a file was read: enough to recognize a continuation of the file later. */
export interface Cursor {
  /** Number of the last line. */
  lines: number
  /** Offset of the end of that line, without its line end. */
  bytes: number
  /** Hash of these bytes, in hex. */
  sha256: string
}

export interface About {
  title?: string
  model?: string
  workspace?: string
  /** Version of the tool. */
  version?: string
  gitBranch?: string
  /** URL that the workspace's repository is fetched from, as the tool recorded it. */
  remote?: string
}

export interface Warning {
  line: number
  message: string
}

/** Properties of a file besides its lines. A usual value is absent. */
export interface FileEnd {
  /** A last line that was cut off. */
  unfinished?: { line: number } & RawText
  bom?: boolean
  crlf?: boolean
  finalNewline?: boolean
  /** Only for a JSON document: everything except its entries. */
  frame?: Frame
}

export interface BuiltTurn {
  /** Messages, ordered by their first line. */
  messages: Message[]
  /** Runs of sub-agents whose conversation is among the turn's lines, then the turn's own run. */
  runs: ImportedRun[]
  /** End of the turn, ISO 8601. */
  endedAt: string
  /** Body of its checkpoint. Default: what the store makes of the messages. */
  body?: string
}

/** An imported run. `source` is its origin; `agent` describes the sub-agent, if it is a sub-agent's run. */
export interface ImportedRun extends Run {
  agent?: AgentInfo
  source: {
    /** Numbers of the first and last line. */
    lines: [number, number]
    /** Only for a sub-agent with its own file: that file's path, relative to the folder of the session's file. */
    file?: string
  } & Partial<AgentSource>
}

export interface AgentInfo {
  id: string
  description?: string
  /** Type of the sub-agent, such as `general-purpose`. */
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
  /** Path relative to the folder of the session's file, with `/`. */
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
  /** Path relative to the folder of the session's file. */
  name: string
  /** The lines in the order of the file, one entry each. A line that could not be parsed is unchanged. */
  lines: string[]
  /** Returns the whole file, byte for byte as the tool wrote it. */
  bytes(): Buffer
}

/** Returns how far a file was read, and how it ends. */
export function sourceOf({ turns, end }: Pick<Transcript, 'turns' | 'end'>): AgentSource {
  const cursor = turns.reduce((a, { cursor: b }) => (b.bytes > a.bytes ? b : a), (turns[0] as Turn).cursor)
  return { cursor, ...end }
}
