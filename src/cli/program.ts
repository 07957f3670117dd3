/** Assembles the verbs: their common options, and what happens before and after each of them. */
import { Command, CommanderError } from 'commander'
import type { Context } from './context.ts'
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts'
import { reportError } from './report.ts'
import { Stores } from './stores.ts'
import { Output, type Streams } from './terminal/output.ts'
import type { Action, Run } from './verb.ts'
import { addBranches } from './verbs/branches.ts'
import { addCompletion } from './verbs/completion/completion.ts'
import { addDiff } from './verbs/diff.ts'
import { addFork } from './verbs/fork.ts'
import { addArchive, addUnarchive } from './verbs/keeping/archive.ts'
import { addBundle } from './verbs/keeping/bundle.ts'
import { addDelete } from './verbs/keeping/delete.ts'
import { addMaintain } from './verbs/keeping/maintain.ts'
import { addPrune } from './verbs/keeping/prune.ts'
import { addStats } from './verbs/keeping/stats.ts'
import { addThin } from './verbs/keeping/thin.ts'
import { addList } from './verbs/list.ts'
import { addLog } from './verbs/log.ts'
import { addSearch } from './verbs/reading/search.ts'
import { addRef } from './verbs/ref.ts'
import { addRedact } from './verbs/secrets/redact.ts'
import { addScan } from './verbs/secrets/scan.ts'
import { addServe } from './verbs/serve.ts'
import { addClone } from './verbs/sharing/clone.ts'
import { addRemoteVerb } from './verbs/sharing/remote.ts'
import { addFetch, addPush, addSync } from './verbs/sharing/share.ts'
import { addStatus } from './verbs/sharing/status.ts'
import { addShow } from './verbs/show.ts'
import { addSwitch } from './verbs/switch.ts'
import { addTag } from './verbs/tag.ts'
import { addContinue } from './verbs/tools/continue.ts'
import { addExport } from './verbs/tools/export.ts'
import { addHook } from './verbs/tools/hook.ts'
import { addImport } from './verbs/tools/import.ts'
import { addWatch } from './verbs/tools/watch.ts'
import { addVerify } from './verbs/verify.ts'
import { addView } from './verbs/viewing/view.ts'
import { addFiles } from './verbs/workspace/files.ts'
import { addRestore } from './verbs/workspace/restore.ts'
import { VERSION } from './version.ts'
import { markIds, shell, unmarked, wordsOf } from './words.ts'

/** In the order of `--help`. */
const VERBS = [
  addImport,
  addWatch,
  addHook,
  addExport,
  addContinue,
  addList,
  addLog,
  addShow,
  addDiff,
  addView,
  addSearch,
  addBranches,
  addSwitch,
  addFork,
  addTag,
  addRef,
  addFiles,
  addRestore,
  addDelete,
  addStats,
  addPrune,
  addThin,
  addArchive,
  addUnarchive,
  addVerify,
  addScan,
  addMaintain,
  addBundle,
  addRedact,
  addRemoteVerb,
  addSync,
  addPush,
  addFetch,
  addStatus,
  addClone,
  addServe,
  addCompletion,
]

interface GlobalOptions {
  store?: string
  sign?: string
  json?: boolean
  debug?: boolean
}

/** Runs one command line. Never throws: errors are reported, and the exit code tells their kind. */
export async function runCli(
  args: readonly string[],
  streams: Streams,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done
  // Preliminary options, for errors of the command line itself.
  const flags = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined)
  let begun = begin(streams, env, { json: flags.includes('--json'), debug: flags.includes('--debug') })

  const run: Run =
    <Args extends unknown[]>(action: Action<Args>) =>
    async (...given: unknown[]) => {
      const command = given.pop() as Command
      begun = begin(streams, env, command.optsWithGlobals<GlobalOptions>())
      const { context } = begun
      exitCode = (await action(context, ...(given.map(unmarked) as Args))) ?? EXIT.done
    }

  const program = createProgram(run, streams)
  const { words, verb } = verbIn(program, flags)
  const help = `'${shell(['forkpoint', ...words, '--help'])}' shows the usage.`
  try {
    await program.parseAsync(markIds(args, verb), { from: 'user' })
  } catch (error) {
    exitCode = await fail(error, begun, help)
  }
  try {
    await begun.context.stores.close()
  } catch (error) {
    exitCode = await fail(error, begun, help)
  }
  await begun.context.out.finish()
  return exitCode
}

function createProgram(run: Run, streams: Streams): Command {
  const program = new Command('forkpoint')
    .description('Agent sessions in git: every save is a commit you can resume, branch from and review.')
    .usage('<verb> [arguments] [--store <folder>] [--json]')
    .version(VERSION)
    .option('--store <folder>', 'the store (default: FORKPOINT_STORE, else ./sessions)')
    .option('--sign <key>', 'sign every checkpoint with this SSH key (default: FORKPOINT_SIGN, else none)')
    .option('--json', 'print JSON for programs; for a list, one line per item')
    .option('--debug', 'also show the stack of an error (or FORKPOINT_DEBUG=1)')
    .helpCommand('help [verb]', 'show how a verb is used')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      // reportError prints the error instead.
      outputError: () => undefined,
    })
    .exitOverride()
  for (const add of VERBS) add(program, run)
  return program.addHelpText('after', NOTES)
}

const NOTES = `
A revision of a session is written as in git: demo (its active branch), demo/main~3, demo/before-refactor, demo/3f2a91bc.

Put an id that begins with a dash last, after --: forkpoint delete --yes -- --help.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 conflict (someone else moved the branch, or the name exists), 4 not found.

Example:
  $ forkpoint import claude-code ~/.claude/projects/my-project
  $ forkpoint list
  $ forkpoint log 3f2a91bc-…
`

interface Begun {
  context: Context
  debug: boolean
}

function begin(
  streams: Streams,
  env: Readonly<Record<string, string | undefined>>,
  { store, sign, json = false, debug = false }: GlobalOptions,
): Begun {
  const folder = store ?? (env.FORKPOINT_STORE || './sessions')
  const context: Context = {
    out: new Output(streams, { json, env }),
    env,
    stores: new Stores(folder, sign ?? (env.FORKPOINT_SIGN || undefined)),
    command: (verb, ids = [], options = {}) =>
      shell(['forkpoint', ...wordsOf(verb, ids, { ...options, store })]),
    git: (...words) => shell(['git', `--git-dir=${folder}`, ...words]),
  }
  return { context, debug: debug || isOn(env.FORKPOINT_DEBUG) }
}

async function fail(error: unknown, { context, debug }: Begun, help: string): Promise<ExitCode> {
  // Commander throws also after help and version.
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.wrongUse
  const { lines, data } = reportError(error, context, { debug, help })
  await context.out.problem(lines, data).catch(() => undefined)
  return exitCodeOf(error)
}

/** Returns the verb of a command line, as far as it can be recognized. */
function verbIn(program: Command, args: readonly string[]): { words: string[]; verb: Command } {
  const words: string[] = []
  let at = program
  for (const word of args) {
    const inner = at.commands.find((command) => command.name() === word)
    if (inner === undefined) continue
    words.push(word)
    at = inner
  }
  return { words, verb: at }
}

const isOn = (value: string | undefined): boolean =>
  value !== undefined && !['', '0', 'false'].includes(value)
