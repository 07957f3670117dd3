// @ts-check
/**
 * npm run demo [-- path/to/session.jsonl]
 *
 * A real agent session becomes a git history that can be read, resumed and branched. Every command that is shown is
 * run, and what follows it is what it printed; the JavaScript that is shown is the text of the function that runs.
 * `npx forkpoint` is what this repository has built.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { buildIfStale, ROOT } from './build.mjs'

const CLI = join(ROOT, 'dist', 'cli', 'main.js')
const FOLDER = 'demo-store'
/** Says that the demo made the store and may replace it. */
const MARK = join(FOLDER, 'forkpoint', 'made-by-the-demo')
const GIT = `git --git-dir=${FOLDER}`

const colours = process.stdout.isTTY && process.stdout.hasColors()
const paint = (/** @type {number} */ on, /** @type {number} */ off) => (/** @type {string} */ text) =>
  colours ? `\u001b[${on}m${text}\u001b[${off}m` : text
const [bold, dim, green] = [paint(1, 22), paint(2, 22), paint(32, 39)]

checkTools()
buildIfStale()
const transcript = process.argv[2] ?? join(ROOT, 'fixtures', 'claude-code', 'demo-session.jsonl')
const path = relative('.', resolve(process.env.INIT_CWD ?? '.', transcript))
if (!existsSync(path)) fail(`There is no file '${path}'.`)
await makeRoom()

heading('1', 'A real session of Claude Code becomes a git repository')
command(`npx forkpoint import claude-code ${quote(path)} --session demo --store ${FOLDER}`)

const { GitSessionStore, newMessage } = await import('../dist/index.js')
const store = new GitSessionStore(FOLDER)
const turns = await countTurns()
const back = Math.min(7, turns - 1)
const start = back === 0 ? 'main' : `main~${back}`

heading('2', 'One checkpoint a turn: plain git reads it')
command(`${GIT} log --oneline --graph --decorate --branches${turns > 20 ? ' -n 20' : ''}`)

heading('3', 'Each turn has a page: plain git shows what was said')
command(`${GIT} show --first-parent --stat --format=%s demo/main`)
command(`${GIT} log --first-parent -p -n 1 --format=%s demo/main -- '*-turn-*.md'`)

heading(
  '4',
  back === 0 ? 'Resume it' : `Resume it ${back === 1 ? 'a turn' : `${back} turns`} ago, and go another way`,
)
/** @type {import('../dist/index.js').SessionHandle} */
let session
await code(async () => {
  await store.fork('demo', { at: start, branch: 'second-try' }) // one ref; nothing is copied
  session = await store.open('demo', { branch: 'second-try' })

  console.log(`${session.state.messages.length} messages; the last one:`)
  console.log(firstLine(session.state.messages.at(-1)))
})

heading('5', 'Save on the branch')
note('No model is asked here: the demo says what an agent would.')
await code(async () => {
  const question = newMessage('user', 'Wait. What do we know so far?')
  const answer = newMessage('assistant', 'Every turn is a commit.\nAny of them can go on.\nNothing is lost.')
  await session.append({ messages: [question, answer] })

  const better = answer.content.replace('Any of them can go on', 'Any of them can go on, another way')
  await session.append({ messages: [{ ...answer, content: better }] }, { subject: 'Say it better' })
})
await store.close()
command(`${GIT} log --oneline --graph --decorate -n ${back + 4} --branches`)

heading('6', 'Review it: a message is a file, and what changed in it is a line')
command(`${GIT} diff --stat demo/${start} demo/second-try`)
command(`${GIT} diff demo/second-try~1 demo/second-try -- '*.json'`)

heading('', `The store is ./${FOLDER}. Try:`)
for (const line of [
  `${GIT} log --first-parent -p demo/main -- '*.md'`,
  `${GIT} diff demo/main demo/second-try -- session.json`,
  `git clone ${FOLDER} demo-clone && ls demo-clone/messages/0000`,
]) {
  console.log(`  ${green(line)}`)
}
note(`And without git: npx forkpoint show demo/${start} --store ${FOLDER}\n`)

/** Shows a command, runs it, and shows what it prints. @param {string} line */
function command(line) {
  console.log(`\n  ${green('$')} ${bold(line)}`)
  const words = line.startsWith('npx ')
    ? line.replace('npx forkpoint', `'${process.execPath}' '${CLI}'`)
    : line
  const { GIT_DIR, GIT_WORK_TREE, ...env } = process.env
  if (colours)
    Object.assign(env, { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'color.ui', GIT_CONFIG_VALUE_0: 'always' })
  const { status, stdout, stderr } = spawnSync(words, {
    shell: true,
    encoding: 'utf8',
    env: { ...env, GIT_PAGER: 'cat' },
  })
  if (status !== 0) fail(`That failed: ${stderr.trim()}`)
  print(stdout)
}

/** Shows the body of a function and runs it. @param {() => Promise<void>} run */
async function code(run) {
  const body = run
    .toString()
    .split('\n')
    .slice(1, -1)
    .map((line) => line.slice(2))
  console.log()
  for (const line of body) console.log(`  ${dim('>')} ${bold(line.replace(/\bstart\b/, `'${start}'`))}`)
  const log = console.log
  let said = false
  console.log = (/** @type {string} */ text) => {
    if (!said) log()
    said = true
    log(`  ${text}`)
  }
  try {
    await run()
  } finally {
    console.log = log
  }
}

/** @param {string} text */
function print(text) {
  if (text === '') return
  for (const line of text.trimEnd().split('\n')) console.log(`  ${line}`)
}

/** @param {string} number @param {string} text */
function heading(number, text) {
  console.log(`\n${bold(number === '' ? text : `${number}. ${text}`)}`)
}

/** @param {string} text */
function note(text) {
  console.log(`\n  ${dim(text)}`)
}

/** @param {{ content: string } | undefined} message */
function firstLine(message) {
  const text = message?.content.replace(/(?!\n)[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
  const line = text?.split('\n').find((one) => one.trim() !== '') ?? '(a tool result)'
  return `“${line.length > 90 ? `${line.slice(0, 90)}…` : line}”`
}

async function countTurns() {
  let turns = 0
  for await (const _ of store.log('demo')) turns++
  return turns
}

function checkTools() {
  const { error } = spawnSync('git', ['--version'])
  if (error !== undefined) {
    fail(
      'The demo reads a session with plain git, and there is no git on the PATH. Install it, then try again.',
    )
  }
}

/** A store of an earlier demo is replaced; anything else is left alone. */
async function makeRoom() {
  if (existsSync(FOLDER) && !existsSync(MARK)) {
    fail(`./${FOLDER} is there already, and no demo made it. Move it away, then try again.`)
  }
  rmSync(FOLDER, { recursive: true, force: true })
  const { makeFolders } = await import('../dist/folders.js')
  makeFolders(join(FOLDER, 'forkpoint'))
  writeFileSync(MARK, 'npm run demo replaces this store.\n')
}

/** @param {string} word */
function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message)
  process.exit(1)
}
