import { stat } from 'node:fs/promises'
import { NotFoundError } from '../../errors.ts'
import {
  type FolderImport,
  type ImportProgress,
  importClaudeCode,
  importClaudeCodeFolder,
} from '../../importers/index.ts'
import type { Context } from '../context.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { errorData, reportError } from '../report.ts'
import { bold, count, dim, type Line, line, short, yellow } from '../text.ts'
import { type AddVerb, examples } from '../verb.ts'

/**
 * `forkpoint import claude-code`: JSON lines, one a file: `{ path, session, created, checkpoints, messages, …,
 * undo: string[] }`, or `{ path, error }` for a file of a folder that could not be imported; the exit code is 1 then.
 */
export const addImport: AddVerb = (program, run) => {
  program
    .command('import')
    .description("bring another tool's sessions in")
    .helpCommand(false)
    .command('claude-code')
    .description('import Claude Code sessions, a checkpoint a turn; again, to add what is new')
    .argument('<path>', 'a .jsonl file, or a folder of them such as ~/.claude/projects')
    .option('--session <id>', 'id of the session, for a single file (default: the one in the file)')
    .addHelpText(
      'after',
      examples('import claude-code ~/.claude/projects', 'import claude-code 3f2a91bc.jsonl --session demo'),
    )
    .action(
      run(async (context, path: string, { session }: { session?: string }) => {
        const isFolder = await kindOf(path)
        if (isFolder && session !== undefined) throw new UsageError('--session goes with a single file.')
        let [failed, created] = [0, 0]
        const before = await context.stores.refsOf()
        for await (const result of isFolder ? folder(context, path) : file(context, path, session)) {
          if (result.error !== undefined) failed++
          const undo = await undoOf(context, result, before)
          await tell(context, result, undo)
          if (undo.length === 0) continue
          if (!isFolder) await context.out.note(line`${dim(`Undo: ${undo.join(' && ')}`)}`)
          else if (result.error === undefined && result.created) created++
        }
        if (created > 0) {
          const undo = context.command('delete', ['<session>'])
          await context.out.note(line`${dim(`Undo, one by one: ${undo}`)}`)
        }
        if (failed > 0) await context.out.note(line`${count(failed, 'file')} could not be imported.`)
        return failed > 0 ? EXIT.failed : EXIT.done
      }),
    )
}

async function* file(
  { stores, out }: Context,
  path: string,
  sessionId?: string,
): AsyncGenerator<FolderImport> {
  yield { path, ...(await importClaudeCode(path, stores.sessions, { sessionId, onProgress: progress(out) })) }
}

const folder = ({ stores, out }: Context, path: string): AsyncGenerator<FolderImport> =>
  importClaudeCodeFolder(path, stores.sessions, { onProgress: progress(out) })

const progress =
  (out: Context['out']) =>
  ({ file: name, done, total }: ImportProgress): void =>
    out.progress(`import: ${name}, turn ${done} of ${total}`)

async function tell(context: Context, result: FolderImport, undo: readonly string[]): Promise<void> {
  const { out } = context
  if (result.error !== undefined) {
    const { path, error } = result
    if (out.json) return out.item({ path, error: errorData(error) })
    const [first, ...rest] = reportError(error, context).lines
    return out.problem([line`${first ?? []} (${path})`, ...rest], undefined)
  }
  if (out.json) return out.item({ ...result, undo })
  await out.line(summary(result))
  for (const { file: name, line: number, message } of result.warnings) {
    await out.note(line`${yellow('warning:')} ${name}, line ${number}: ${message}`)
  }
}

/** Commands that take back what the import did to the session's branches, seen from how they were before. */
async function undoOf(
  { stores, command, git }: Context,
  result: FolderImport,
  before: Map<string, string>,
): Promise<string[]> {
  if (result.error !== undefined || result.checkpoints === 0) return []
  const undo = result.created ? [command('delete', [result.session])] : []
  for (const [ref, id] of await stores.refsOf(result.session)) {
    const old = before.get(ref)
    if (!result.created && old === undefined) undo.push(git('update-ref', '-d', ref, id))
    else if (!result.created && old !== id) undo.push(git('update-ref', ref, old ?? '', id))
    before.set(ref, id)
  }
  return undo
}

function summary(result: Exclude<FolderImport, { error: Error }>): Line {
  const { session, title, created, checkpoints, messages, turns, branches, agents } = result
  const name = title === undefined ? '' : `: ${short(title, 72)}`
  if (checkpoints === 0) return line`unchanged  ${bold(session)}${dim(name)}`
  const parts = [
    created ? count(turns, 'turn') : count(checkpoints, 'new checkpoint'),
    count(messages, created ? 'message' : 'new message'),
    ...(branches.length > 1
      ? [`${count(branches.length, 'branch', 'branches')} (${branches.join(', ')})`]
      : []),
    ...(agents > 0 ? [count(agents, 'sub-agent')] : []),
  ]
  return line`${created ? 'imported ' : 'added to '}  ${bold(session)}${name}  ${dim(parts.join(', '))}`
}

/** Whether it is a folder. Throws NotFoundError when there is nothing. */
async function kindOf(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause
    throw new NotFoundError({ kind: 'session', id: path }, `There is no file or folder '${path}'.`)
  }
}
