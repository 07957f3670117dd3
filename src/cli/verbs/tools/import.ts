import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ForkpointError, NotFoundError, StorageError, UnsupportedError } from '../../../errors.ts'
import {
  type ByteSource,
  type FolderImport,
  foldersOf,
  IMPORTERS,
  type Importer,
  type ImportProgress,
  importAnyFolder,
  importFile,
  importFolder,
  importSession,
  openSource,
  registerImporter,
  toolOf,
} from '../../../importers/index.ts'
import { isJsonObject } from '../../../json-value.ts'
import { bold, count, dim, type Line, line, short, yellow } from '../../../view/terminal/line.ts'
import type { Context } from '../../context.ts'
import { EXIT, type ExitCode, UsageError } from '../../exit-codes.ts'
import { errorData, reportError } from '../../report.ts'
import { type AddVerb, examples } from '../../verb.ts'
import { unknownTool } from './suggest-tool.ts'

/**
 * `forkpoint import [tool] <path>`, `forkpoint import --all`: JSON lines, one per session: `{ path, tool, session,
 * created, checkpoints, messages, …, undo: string[] }`, or `{ path, tool, error }` for a file of a folder that could
 * not be imported. Then the exit code is 1, unless the file is simply not a session of the tool.
 */
export const addImport: AddVerb = (program, run) => {
  const verb = program
    .command('import')
    .description('import the sessions of other tools; one checkpoint per turn')
    .helpCommand(false)
    .argument('[path]', 'a file of any tool, or a folder; the tool is found by itself')
    .allowExcessArguments()
    .option('--all', 'import what all tools keep in their own folders')
    .option(...SESSION)
    .option(...NO_REDACT)
    .option('--importer <module>', 'JavaScript module whose default export imports a further tool')
    .addHelpText(
      'after',
      examples('import rollout-2026-01-31.jsonl', 'import claude-code ~/.claude/projects', 'import --all'),
    )
    .action(
      run(async (context, path: string | undefined, options: AnyOptions) => {
        if (path !== undefined && verb.args.length > 1) {
          if (!existsSync(path)) throw unknownTool('import', path)
          throw new UsageError(
            'Import one file or folder at a time. A folder is imported with all files in it.',
          )
        }
        if (options.importer !== undefined) registerImporter(await importerOf(options.importer))
        if (options.all === true) {
          if (path !== undefined)
            throw new UsageError('--all takes no path: it looks where the tools keep their sessions.')
          return tellAll(context, everything(context, optionsOf(context, options)), true)
        }
        if (path === undefined) throw new UsageError('Name a file or a folder, or use --all.')
        if (!(await kindOf(path))) {
          // A pipe can be opened only once.
          const source = await openSource(path)
          const tool = await toolOf(IMPORTERS, source)
          if (tool === undefined) throw unknownFile(path)
          return importOne(context, tool, path, source, options)
        }
        if (options.session !== undefined) throw new UsageError('--session works only with a single file.')
        const results = importAnyFolder(IMPORTERS, path, context.stores.sessions, optionsOf(context, options))
        return tellAll(context, results, true)
      }),
    )
  for (const tool of IMPORTERS) addTool(verb, run, tool)
}

interface Options {
  session?: string
  redact: boolean
}

interface AnyOptions extends Options {
  all?: boolean
  importer?: string
}

const SESSION = [
  '--session <id>',
  'id of the session, for a single file (default: the one in the file)',
] as const
const NO_REDACT = [
  '--no-redact',
  'keep secrets (API keys, tokens, passwords) as they are in the file',
] as const

function addTool(verb: Parameters<AddVerb>[0], run: Parameters<AddVerb>[1], tool: Importer): void {
  verb
    .command(tool.name)
    .description(`import ${tool.description}; one checkpoint per turn; run it again to add new entries`)
    .argument('<path>', tool.input)
    .addHelpText(
      'after',
      examples(
        `import ${tool.name} ${tool.folder ?? 'runs'}`,
        `import ${tool.name} 3f2a91bc${tool.extension} --session demo`,
      ),
    )
    // The options are defined on the parent verb.
    .action(run((context, path: string) => importPath(context, tool, path, verb.opts<Options>())))
}

async function importPath(
  context: Context,
  tool: Importer,
  path: string,
  options: Options,
): Promise<ExitCode> {
  if (!(await kindOf(path))) return importOne(context, tool, path, await openSource(path), options)
  if (options.session !== undefined) throw new UsageError('--session works only with a single file.')
  const results = importFolder(tool, path, context.stores.sessions, optionsOf(context, options))
  return tellAll(context, results, true)
}

async function importOne(
  context: Context,
  tool: Importer,
  path: string,
  source: ByteSource,
  options: Options,
): Promise<ExitCode> {
  const store = context.stores.sessions
  const given = optionsOf(context, options)
  async function* results(): AsyncGenerator<FolderImport> {
    const { session: sessionId } = options
    if (sessionId !== undefined) {
      const result = await importSession(tool, source, store, { sessionId, ...given })
      yield { path, tool: tool.name, ...result }
    } else {
      for await (const result of importFile(tool, source, store, given))
        yield { path, tool: tool.name, ...result }
    }
  }
  return tellAll(context, results(), false)
}

/** Imports everything that the tools store in their own folders. */
async function* everything(
  { stores, env }: Context,
  options: ReturnType<typeof optionsOf>,
): AsyncGenerator<FolderImport> {
  for (const tool of IMPORTERS) {
    for (const folder of foldersOf(tool, homedir(), env)) {
      if (existsSync(folder)) yield* importAnyFolder([tool], folder, stores.sessions, options)
    }
  }
}

const optionsOf = ({ out }: Context, { redact }: Options) => ({
  onProgress: progress(out),
  ...(redact ? {} : { redact: false as const }),
})

async function importerOf(module: string): Promise<Importer> {
  const { default: found } = (await import(pathToFileURL(resolve(module)).href).catch((cause: unknown) => {
    throw new UsageError(`'${module}' cannot be loaded: ${cause instanceof Error ? cause.message : cause}`)
  })) as { default?: unknown }
  if (!isJsonObject(found) || typeof found.read !== 'function')
    throw new UsageError(`The default export of '${module}' is not an importer. docs/importing.md shows one.`)
  return found as unknown as Importer
}

const unknownFile = (path: string): UnsupportedError =>
  new UnsupportedError(
    'import',
    `'${path}' is not a session of a tool that is known: ${IMPORTERS.map(({ name }) => name).join(', ')}. If it is empty or damaged, name the tool: forkpoint import <tool> <path>.`,
  )

async function tellAll(
  context: Context,
  results: AsyncIterable<FolderImport>,
  many: boolean,
): Promise<ExitCode> {
  let [failed, created, seen] = [0, 0, 0]
  let broken: ForkpointError | undefined
  const before = await context.stores.refsOf()
  for await (const result of results) {
    seen++
    if (result.error !== undefined && isOfStore(context, result.error)) {
      broken = result.error
      break
    }
    if (result.error !== undefined && !isOther(result.tool, result.error)) failed++
    const undo = await undoOf(context, result, before)
    await tell(context, result, undo)
    if (undo.length === 0) continue
    if (!many) await context.out.note(dim(`Undo: ${undo.join(' && ')}`))
    else if (result.error === undefined && result.created) created++
  }
  if (seen === 0) await context.out.note(line`Found nothing to import.`)
  if (created > 0) {
    const undo = context.command('delete', ['<session>'])
    await context.out.note(dim(`Undo, one by one: ${undo}`))
  }
  if (failed > 0) await context.out.note(line`${count(failed, 'file')} could not be imported.`)
  if (broken !== undefined) throw broken
  return failed > 0 ? EXIT.failed : EXIT.done
}

/** Whether the file is not a session of the tool, which is not a failure when a whole folder is imported. */
export const isOther = (tool: string, error: Error): boolean =>
  error instanceof UnsupportedError && error.feature === tool

/** Whether the disk refused to write into the store, which it will do for every other file as well. */
const isOfStore = ({ stores }: Context, error: ForkpointError): boolean =>
  error instanceof StorageError && `${resolve(error.file ?? '')}/`.startsWith(`${resolve(stores.folder)}/`)

const progress =
  (out: Context['out']) =>
  ({ file: name, done, total }: ImportProgress): void =>
    out.progress(`import: ${name}, turn ${done} of ${total}`)

export async function tell(context: Context, result: FolderImport, undo: readonly string[]): Promise<void> {
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
  await out.note(
    line`redacted ${count(total, 'secret')} in ${bold(result.session)} (${which}); --no-redact keeps them`,
  )
}

/** Returns commands that undo what the import changed in the session's refs. */
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

/** Returns whether the path is a folder. Throws NotFoundError if it does not exist. */
async function kindOf(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause
    throw new NotFoundError({ kind: 'file', id: path }, `There is no file or folder '${path}'.`)
  }
}
