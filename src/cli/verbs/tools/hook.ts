import { existsSync, realpathSync } from 'node:fs'
import { chmod, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { StorageError } from '../../../errors.ts'
import { foldersOf, HOOKS, importFile, type ToolHook } from '../../../importers/index.ts'
import { isJsonObject } from '../../../json-value.ts'
import { lineDiff } from '../../../view/line-diff.ts'
import { bold, dim, green, type Line, line, red } from '../../../view/terminal/line.ts'
import type { Context } from '../../context.ts'
import { EXIT, UsageError } from '../../exit-codes.ts'
import { type AddVerb, examples } from '../../verb.ts'

/**
 * `forkpoint hook install|remove <tool>`: JSON of `{ tool, file, changed }`. The tool calls `forkpoint hook run
 * <tool>`, which prints nothing, because some tools read the output of a hook.
 */
export const addHook: AddVerb = (program, run) => {
  const verb = program
    .command('hook')
    .description('let a tool import its sessions itself, at the end of each turn')
    .helpCommand(false)
    .addHelpText(
      'after',
      examples('hook install claude-code', 'hook install claude-code --files', 'hook remove claude-code'),
    )
  for (const action of ['install', 'remove'] as const) {
    const command = verb
      .command(action)
      .description(
        action === 'install'
          ? "add the hook to the tool's settings"
          : "take the hook out of the tool's settings",
      )
      .argument('<tool>', HOOKS.map(({ tool }) => tool.name).join(', '))
      .option('-y, --yes', 'do not ask; required without a terminal')
    if (action === 'install') command.option('--files', "also keep the project's files with each turn")
    command.action(
      run(
        async (context, name: string, { yes = false, files = false }: { yes?: boolean; files?: boolean }) => {
          const hook = hookOf(name)
          const file = hook.file(context.env.HOME || homedir(), context.env)
          const before = await textOf(file)
          const after =
            action === 'install' ? hook.add(before, commandFor(context, hook, files)) : hook.remove(before)
          const changed = after !== before
          if (changed && !(await agreed(context, { file, before, after, yes }))) {
            await context.out.note(line`Nothing was changed.`)
            return EXIT.failed
          }
          if (changed) await replace(file, after)
          if (context.out.json) await context.out.document({ tool: name, file, changed })
          else await context.out.line(said(action, hook, changed))
        },
      ),
    )
  }
  verb
    .command('run', { hidden: true })
    .argument('<tool>')
    .option('--files')
    .argument('[told]', 'what the tool says, as JSON; default: standard input')
    .action(
      run(async ({ stores, env }, name: string, told: string | undefined, options: { files?: boolean }) => {
        const hook = hookOf(name)
        const data = parsed(told ?? (await standardInput()))
        const file = await hook.transcriptOf(data, foldersOf(hook.tool, env.HOME || homedir(), env))
        // The tool does not store this session.
        if (file === undefined || !existsSync(file)) return undefined
        const folder = options.files === true ? hook.workspaceOf(data, env) : undefined
        await importTurn(hook, file, stores.sessions, folder)
      }),
    )
}

/** Imports a turn. If the files cannot be saved, imports the turn without them, then throws the error. */
async function importTurn(
  { tool }: ToolHook,
  file: string,
  store: Context['stores']['sessions'],
  folder: string | undefined,
): Promise<void> {
  const files = folder === undefined ? undefined : store.files?.(folder)
  try {
    for await (const _ of importFile(tool, file, store, files === undefined ? {} : { files }));
  } catch (error) {
    if (files !== undefined) for await (const _ of importFile(tool, file, store));
    throw error
  }
}

function hookOf(name: string): ToolHook {
  const hook = HOOKS.find(({ tool }) => tool.name === name)
  if (hook !== undefined) return hook
  const names = HOOKS.map(({ tool }) => tool.name).join(', ')
  throw new UsageError(
    `There is no hook for '${name}'. There are hooks for ${names}; 'watch' works with every tool.`,
  )
}

/** Returns the command that the tool runs, from any folder. */
function commandFor({ stores, env }: Context, { tool }: ToolHook, files: boolean): string[] {
  const isOnPath = (env.PATH ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && existsSync(join(folder, 'forkpoint')))
  const program = isOnPath ? ['forkpoint'] : [process.execPath, realpathSync(process.argv[1] as string)]
  return [
    ...program,
    'hook',
    'run',
    tool.name,
    '--store',
    resolve(stores.folder),
    ...(files ? ['--files'] : []),
  ]
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw unusable(file, 'read', cause)
  }
}

interface Edit {
  file: string
  before: string
  after: string
  yes: boolean
}

async function agreed({ out }: Context, { file, before, after, yes }: Edit): Promise<boolean> {
  await out.note(bold(file))
  for (const text of changedLines(before, after)) await out.note(text)
  if (yes) return true
  if (!out.interactive) throw new UsageError('There is no terminal to ask on. Pass --yes.')
  return out.ask('Change it?')
}

function changedLines(before: string, after: string): Line[] {
  return lineDiff(before, after).flatMap(({ sign, text }) =>
    sign === ' ' ? [] : [(sign === '-' ? red : green)(`${sign} ${text}`)],
  )
}

/** Replaces a file atomically. A link to the file stays a link, and its permissions stay. */
async function replace(file: string, text: string): Promise<void> {
  const target = await realpath(file).catch(() => file)
  const temporary = `${target}.forkpoint-${process.pid}`
  try {
    await mkdir(dirname(target), { recursive: true })
    await writeFile(temporary, text, { mode: 0o600, flush: true })
    const mode = await stat(target).then(
      (found) => found.mode & 0o777,
      () => 0o600,
    )
    await chmod(temporary, mode)
    await rename(temporary, target)
  } catch (cause) {
    throw unusable(file, 'changed', cause)
  }
}

const unusable = (file: string, what: string, cause: unknown): StorageError =>
  new StorageError(`'${file}' cannot be ${what}: ${(cause as Error).message}`, { file }, { cause })

function said(action: 'install' | 'remove', { tool }: ToolHook, changed: boolean): Line {
  if (!changed)
    return line`${tool.title} ${action === 'install' ? 'has the hook already' : 'has no hook of forkpoint'}.`
  return action === 'install'
    ? line`${tool.title} now imports each turn when it ends. ${dim(`Undo: forkpoint hook remove ${tool.name}`)}`
    : line`${tool.title} does not import its sessions any more.`
}

function parsed(told: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(told)
    if (isJsonObject(value)) return value
  } catch {
    // The error is thrown below.
  }
  throw new UsageError('A hook is told a JSON object by its tool.')
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
