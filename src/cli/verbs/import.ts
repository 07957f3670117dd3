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
 * `forkpoint import claude-code`: JSON lines, one a file: `{ path, session, created, checkpoints, messages, … }`, or
 * `{ path, error }` for a file of a folder that could not be imported; the exit code is 1 then.
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
        let failed = 0
        let made = 0
        let last: string | undefined
        for await (const result of isFolder ? folder(context, path) : file(context, path, session)) {
          if (result.error === undefined) {
            if (result.created) [made, last] = [made + 1, result.session]
          } else failed++
          await tell(context, result)
        }
        if (last !== undefined) {
          const undo = context.command('delete', made === 1 ? last : '<session>')
          await context.out.note(line`${dim(`Undo: ${undo}`)}`)
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

async function tell(context: Context, result: FolderImport): Promise<void> {
  const { out } = context
  if (result.error !== undefined) {
    const { path, error } = result
    if (out.json) return out.item({ path, error: errorData(error) })
    const [first, ...rest] = reportError(error, context).lines
    return out.problem([line`${first ?? []} (${path})`, ...rest], undefined)
  }
  if (out.json) return out.item(result)
  await out.line(summary(result))
  for (const { file: name, line: number, message } of result.warnings) {
    await out.note(line`${yellow('warning:')} ${name}, line ${number}: ${message}`)
  }
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
