import { stat } from 'node:fs/promises'
import { NotFoundError, UnsupportedError } from '../../errors.ts'
import {
  type FolderImport,
  IMPORTERS,
  type Importer,
  type ImportProgress,
  importFolder,
  importSession,
} from '../../importers/index.ts'
import type { Context } from '../context.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { errorData, reportError } from '../report.ts'
import { suggestTool } from '../suggest-tool.ts'
import { bold, count, dim, type Line, line, short, yellow } from '../text.ts'
import { type AddVerb, examples } from '../verb.ts'

/**
 * `forkpoint import <tool>`: JSON lines, one a file: `{ path, session, created, checkpoints, messages, …,
 * undo: string[] }`, or `{ path, error }` for a file of a folder that could not be imported; the exit code is 1 then,
 * unless the file is just no session of the tool.
 */
export const addImport: AddVerb = (program, run) => {
  const verb = program.command('import').description('import the sessions of another tool').helpCommand(false)
  suggestTool(verb)
  for (const tool of IMPORTERS) addTool(verb, run, tool)
}

function addTool(verb: Parameters<AddVerb>[0], run: Parameters<AddVerb>[1], tool: Importer): void {
  verb
    .command(tool.name)
    .description(`import ${tool.description}; one checkpoint per turn; run it again to add new entries`)
    .argument('<path>', tool.input)
    .option('--session <id>', 'id of the session, for a single file (default: the one in the file)')
    .option('--no-redact', 'keep secrets (API keys, tokens, passwords) as they are in the file')
    .addHelpText(
      'after',
      examples(
        `import ${tool.name} ${tool.folder}`,
        `import ${tool.name} 3f2a91bc${tool.extension} --session demo`,
      ),
    )
    .action(
      run(async (context, path: string, { session, redact }: { session?: string; redact: boolean }) => {
        const options = { onProgress: progress(context.out), ...(redact ? {} : { redact: false as const }) }
        const isFolder = await kindOf(path)
        if (isFolder && session !== undefined)
          throw new UsageError('--session works only with a single file.')
        let [failed, created] = [0, 0]
        const { stores } = context
        const before = await stores.refsOf()
        for await (const result of isFolder
          ? importFolder(tool, path, stores.sessions, options)
          : one(path, importSession(tool, path, stores.sessions, { sessionId: session, ...options }))) {
          if (result.error !== undefined && !isOther(tool, result.error)) failed++
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

async function* one(path: string, result: ReturnType<typeof importSession>): AsyncGenerator<FolderImport> {
  yield { path, ...(await result) }
}

/** Whether the file is not a session of the tool: nothing to worry about among others. */
const isOther = ({ name }: Importer, error: Error): boolean =>
  error instanceof UnsupportedError && error.feature === name

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
  const rules = Object.entries(result.redacted).sort(([a], [b]) => (a < b ? -1 : 1))
  if (rules.length === 0) return
  const total = rules.reduce((sum, [, found]) => sum + found, 0)
  const which = rules.map(([rule, found]) => `${rule} ${found}`).join(', ')
  await out.note(line`redacted ${count(total, 'secret')} in the file (${which}); --no-redact keeps them`)
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
    throw new NotFoundError({ kind: 'file', id: path }, `There is no file or folder '${path}'.`)
  }
}
