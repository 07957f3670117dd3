// @ts-check
/**
 * npm run fixtures [-- --into <folder>]
 *
 * Makes the repositories of `fixtures/format-1` anew: each a store with some features of the format, with a clock
 * that stands still and ids that are known, as text. A line `ref`, `symref` or `object` begins an entry; what follows an
 * `object` is its content, of that many bytes, of a tree what `git ls-tree` prints. So ids freeze the bytes, and git makes
 * the repository of it: `test/end-to-end/support/fixture.ts`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildIfStale, ROOT } from './build.mjs'

buildIfStale()
const { GitSessionStore, newMessage, newRun, newSession } = await import('../dist/index.js')
const { ForkpointSaver } = await import('../dist/adapters/langgraph/index.js')
const { ForkpointAgentsSession } = await import('../dist/adapters/openai-agents/index.js')
const { makeFolders } = await import('../dist/folders.js')

const START = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const at = new Date(START).toISOString()

/** @typedef {import('../dist/index.js').GitSessionStore<any>} Store */
/** @type {Record<string, (store: Store, folder: string) => Promise<void>>} */
const FIXTURES = { values, runs, turns, branches, names, documents, adapters, foreign, shallow }

const { values: options } = parseArgs({ options: { into: { type: 'string' } } })
const into = options.into ?? join(ROOT, 'fixtures', 'format-1')
makeFolders(into)
for (const [name, make] of Object.entries(FIXTURES)) {
  const work = mkdtempSync(join(tmpdir(), 'forkpoint-fixture-'))
  try {
    const folder = join(work, 'store')
    let time = START
    const store = new GitSessionStore(folder, {
      now: () => {
        time += 1000
        return time
      },
    })
    await make(store, folder)
    await store.close()
    writeFileSync(join(into, `${name}.txt`), asText(folder))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** What values are written as: messages of all kinds, and every marker. @param {Store} store */
async function values(store) {
  const parts = [
    { type: 'text', text: 'The parts ' },
    { type: 'image', data: bytes(5000).toString('base64') },
    { type: 'text', text: 'say it all' },
  ]
  await store.save({
    ...session('values'),
    title: 'Two\nlines',
    workspace: '/work',
    model: 'a-model',
    config: { systemPrompt: 'Be\nbrief', permissionPolicy: { default: 'ask' }, autoSave: true, own: 1 },
    usage: {
      inputTokens: 3,
      outputTokens: 4,
      totalTokens: 7,
      reasoningTokens: 1,
      cachedInputTokens: 2,
      own: 5,
    },
    metadata: {
      $lines: ['not', 'a marker'],
      $$file: { $parts: 'text' },
      $other: { $file: 'none', encoding: 'base64' },
      numbers: [0, -0, 1e300, 5e-324, 2 ** 53, 0.1],
      texts: ['', ' ', 'é€😀', '\ud800', '\u0000\u001b[31m\u202e', '\r\n', '\n'],
      empty: [{}, [], null, true, false],
      inherited: JSON.parse('{"__proto__": 1}'),
      long: numberedLines(9000),
      longer: `${numberedLines(70_000)}end`,
      bytes: bytes(4097).toString('base64'),
      few: bytes(4096).toString('base64'),
    },
    favourite: 'not in the schema',
    messages: [
      message(0, 'system', 'Rules.'),
      message(1, 'user', 'A question with "quotes", \\ and\n\ttabs?'),
      {
        ...message(2, 'assistant', 'The parts say it all'),
        parts,
        usage: { inputTokens: 1, outputTokens: 2 },
      },
      {
        ...message(3, 'tool', numberedLines(9000)),
        parts: [{ type: 'tool-result', callId: 'c', output: { $lines: 1 } }],
      },
      { ...message(4, 'assistant', ''), parts: [] },
    ],
  })
}

/** Runs and their logs: short, empty, and in several segments. @param {Store} store */
async function runs(store) {
  await store.save(session('runs'))
  const event = (/** @type {number} */ sequence, more = {}) => ({ sequence, at, type: 'text', ...more })
  const running = {
    ...newRun('Do\nit', { id: 'r0', startedAt: at }, START),
    events: [event(0), event(1, { text: 'a\nb' })],
  }
  await store.append('runs', { runs: [running] })
  await store.append(
    'runs',
    { runs: [{ id: 'r0', events: [event(2, { $lines: 'own' })] }] },
    { kind: 'step' },
  )
  const ended = {
    id: 'r0',
    status: 'completed',
    endedAt: at,
    result: { ok: true },
    usage: { inputTokens: 1, outputTokens: 1 },
  }
  await store.append('runs', { runs: [ended] })
  await store.append('runs', { runs: [newRun('Nothing', { id: 'r1', startedAt: at }, START)] })
  const many = Array.from({ length: 258 }, (_, n) =>
    event(n, n === 7 ? { output: numberedLines(70_000), image: bytes(5000).toString('base64') } : {}),
  )
  await store.append('runs', {
    runs: [{ ...newRun('Much', { id: 'r2', startedAt: at }, START), events: many }],
  })
  await store.append('runs', { runs: [{ id: 'r2', events: [event(258)] }] })
}

/** Turns and the steps inside them, a key, a subject and body, trailers. @param {Store} store */
async function turns(store) {
  await store.save(session('turns'))
  const say = (/** @type {number} */ n, options = {}) =>
    store.append(
      'turns',
      { messages: [message(n, n % 2 === 0 ? 'user' : 'assistant', `Message ${n}`)] },
      options,
    )
  await say(0, { kind: 'step' })
  await say(1, { kind: 'step' })
  await store.append('turns', { set: { status: 'idle', title: 'Steps' } })
  await say(2, {
    key: 'once',
    subject: 'A subject',
    body: 'A body\n\nForkpoint-Seq: 99\nForkpoint-Format: 1',
  })
  await say(3, { trailers: { Workspace: 'é %\n' }, kind: 'import' })
  await store.append('turns', { set: { metadata: { changed: true } } })
}

/** Forks, tags and the active branch. @param {Store} store */
async function branches(store) {
  await store.save(session('branches'))
  for (let n = 0; n < 3; n++)
    await store.append('branches', { messages: [message(n, 'user', `Message ${n}`)] })
  await store.fork('branches', { at: 'main~1', branch: 'try' })
  await store.append('branches', { messages: [message(9, 'user', 'Another way')] }, { branch: 'try' })
  await store.fork('branches', { at: 'try', session: 'fork' })
  await store.append('fork', { messages: [message(10, 'user', 'On the fork')] })
  await store.tag('branches', 'v1', { at: 'main~2' })
  await store.switch('branches', 'try')
}

/** Names that refs cannot have, and long ones. @param {Store} store */
async function names(store) {
  const odd = [
    'UPPER',
    'Mixed-Case',
    'a/b c',
    'é',
    'con',
    'Nul.txt',
    '_a',
    '-b',
    '.c.',
    'd..e',
    'f.lock',
    '100%',
    'g+h',
    '+i',
  ]
  for (const id of [...odd, `Long-${'x'.repeat(300)}`]) {
    await store.save({ ...session(id), messages: [message(0, 'user', id)] })
  }
  await store.fork('UPPER', { at: 'main', branch: 'Feature/One' })
  await store.tag('UPPER', 'V1.0', { at: 'main' })
  await store.switch('UPPER', 'Feature/One')
}

/** Documents of other types: collections, also empty ones. @param {Store} store */
async function documents(store) {
  /** @type {import('../dist/index.js').GitSessionStore<any>} */
  const plain = store.view({ type: 'notes', collections: ['notes', 'jobs'] })
  await plain.save({
    type: 'notes',
    id: 'notes',
    z: 1,
    a: { z: 1, a: 2 },
    config: { b: 1 },
    notes: ['text', 0, null, { type: 'Note', usage: { outputTokens: 1, inputTokens: 2 } }, 'two\nlines'],
    jobs: Array.from({ length: 101 }, (_, n) => ({ n })),
  })
  await plain.save({ type: 'notes', id: 'empty', notes: [], jobs: [] })
  await plain.save({ type: 'notes', id: 'none' })
}

/** Documents of adapters: a thread of LangGraph, and a session of OpenAI's Agents SDK. @param {Store} store */
async function adapters(store) {
  const saver = new ForkpointSaver(store)
  const id = (/** @type {number} */ n) => `1f000000-0000-6000-8000-00000000000${n}`
  /** @type {import('@langchain/core/runnables').RunnableConfig} */
  let config = { configurable: { thread_id: 'thread', checkpoint_ns: '' } }
  const put = async (/** @type {number} */ n, /** @type {Record<string, unknown>} */ values) => {
    const versions = Object.fromEntries(Object.keys(values).map((name) => [name, n]))
    const checkpoint = {
      v: 4,
      id: id(n),
      ts: at,
      channel_values: values,
      channel_versions: versions,
      versions_seen: {},
    }
    /** @type {'input' | 'loop'} */
    const source = n === 1 ? 'input' : 'loop'
    config = await saver.put(config, checkpoint, { source, step: n - 2, parents: {} }, versions)
  }
  await put(1, { text: 'one\ntwo', list: [{ a: 1 }, { a: 2 }], none: [], 'a:b': null })
  await saver.putWrites(config, [['text', 'later']], 'task-1')
  await put(2, { text: 'three', list: [{ a: 1 }, { a: 2 }, { a: 3 }], none: [], 'a:b': null })
  await saver.close()
  const agents = new ForkpointAgentsSession({ store, sessionId: 'agents' })
  const items = [
    {
      type: /** @type {const} */ ('message'),
      role: /** @type {const} */ ('user'),
      content: 'Which weather?',
    },
    { type: /** @type {const} */ ('reasoning'), content: [], rawContent: [] },
  ]
  await agents.addItems(items)
  await agents.applyHistoryTransaction({ operationId: 'once', transaction: { type: 'append_items', items } })
  await agents.close()
}

/** What other tools put there: files, commits, signatures, tags, lines that are no branches. @param {Store} store @param {string} folder */
async function foreign(store, folder) {
  await store.save({ ...session('foreign'), messages: [message(0, 'user', 'Hello')] })
  const run = git(folder)
  const base = run(['rev-parse', 'foreign/main^{tree}'])
  const note = run(['hash-object', '-w', '--stdin'], 'Reviewed.\n')
  const photos = run(['mktree'], `100755 blob ${note}\trun.sh\n`)
  const link = run(['hash-object', '-w', '--stdin'], '/etc/passwd')
  // Among the messages: a word that no item has, and a folder that is named like an item.
  const notes = run(['mktree'], `100644 blob ${note}\tNOTES.md\n`)
  const few = `${run(['ls-tree', `${base}:messages/0000`])}\n100644 blob ${note}\t000000-Review.json\n040000 tree ${notes}\t000007\n`
  const messages = run(['mktree'], `040000 tree ${run(['mktree'], few)}\t0000\n`)
  const own = run(['ls-tree', base]).replace(/(tree )[0-9a-f]{40}(\tmessages)$/m, `$1${messages}$2`)
  const rows = `${own}\n100644 blob ${note}\tNOTES.md\n120000 blob ${link}\tlink\n040000 tree ${photos}\tphotos\n`
  const tree = run(['mktree'], rows)
  const head = `tree ${tree}\nparent ${run(['rev-parse', 'foreign/main'])}\n`
  const who = `A Reviewer <reviewer@example.org> ${START / 1000 + 100} +0200`.replace('.678', '')
  const people = `author ${who}\ncommitter ${who}\n`
  const reviewed = run(['hash-object', '-t', 'commit', '-w', '--stdin'], `${head}${people}\nAdd notes\n`)
  run(['update-ref', 'refs/heads/foreign/main', reviewed])
  await store.append('foreign', { messages: [message(1, 'assistant', 'After the review')] })
  const ours = execFileSync('git', [`--git-dir=${folder}`, 'cat-file', 'commit', 'foreign/main'], {
    encoding: 'utf8',
  })
  const signature = 'gpgsig -----BEGIN SSH SIGNATURE-----\n U1NIU0lHAAAAAQ==\n -----END SSH SIGNATURE-----\n'
  const signed = run(
    ['hash-object', '-t', 'commit', '-w', '--stdin'],
    ours.replace('\n\n', `\n${signature}\n`),
  )
  run(['update-ref', 'refs/heads/foreign/main', signed])
  run(['update-ref', 'refs/heads/foreign/_line', reviewed])
  run(['update-ref', 'refs/heads/unrelated', reviewed])
  run(['update-ref', 'refs/heads/Not-Ours/main', reviewed])
  const tag = `object ${signed}\ntype commit\ntag foreign/annotated\ntagger ${who}\n\nBy hand\n`
  run(['update-ref', 'refs/tags/foreign/annotated', run(['hash-object', '-t', 'tag', '-w', '--stdin'], tag)])
}

/** History that ends at a commit whose parents are elsewhere. @param {Store} store @param {string} folder */
async function shallow(store, folder) {
  await store.save(session('shallow'))
  for (let n = 0; n < 4; n++)
    await store.append('shallow', { messages: [message(n, 'user', `Message ${n}`)] })
  await store.close()
  writeFileSync(join(folder, 'shallow'), `${git(folder)(['rev-parse', 'shallow/main~1'])}\n`)
}

/** @param {string} id */
function session(id) {
  return newSession(id, {}, START)
}

/** @param {number} n @param {'user' | 'assistant' | 'tool' | 'system'} role @param {string} content */
function message(n, role, content) {
  return newMessage(role, content, { id: `m${n}` }, START)
}

/** @param {number} count */
function bytes(count) {
  return Buffer.from(Array.from({ length: count }, (_, n) => (n * 7 + (n >> 8)) & 255))
}

/** @param {number} length */
function numberedLines(length) {
  let text = ''
  for (let n = 0; text.length < length; n++)
    text += `line ${n} of a text that is long enough to lie beside its file\n`
  return text
}

/** @param {string} folder */
function git(folder) {
  return (/** @type {string[]} */ words, /** @type {string} */ input = '') =>
    execFileSync('git', [`--git-dir=${folder}`, ...words], {
      input,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    }).trimEnd()
}

/** The repository as text. @param {string} folder */
function asText(folder) {
  const run = git(folder)
  const refs = run(['for-each-ref', '--format=%(refname) %(objectname) %(symref)']).split('\n')
  const lines = [`symref HEAD ${run(['symbolic-ref', 'HEAD'])}\n`]
  for (const line of refs) {
    const [name = '', id, symref] = line.split(' ')
    lines.push(symref ? `symref ${name} ${symref}\n` : `ref ${name} ${id}\n`)
  }
  const shallow = join(folder, 'shallow')
  if (existsSync(shallow)) lines.push(`shallow ${readFileSync(shallow, 'utf8').trim()}\n`)
  const listed = run(['rev-list', '--all', '--objects', '--topo-order'])
    .split('\n')
    .map((line) => line.split(' '))
  const ids = listed.map(([id]) => `${id}\n`).join('')
  const read = execFileSync('git', [`--git-dir=${folder}`, 'cat-file', '--batch'], {
    input: ids,
    maxBuffer: 2 ** 28,
  })
  let position = 0
  for (const [id = '', ...path] of listed) {
    const end = read.indexOf(10, position)
    const [, type = '', size] = read.toString('latin1', position, end).split(' ')
    const data = read.subarray(end + 1, end + 1 + Number(size))
    position = end + 2 + data.length
    lines.push(object({ id, type, data, path: path.join(' ') }))
  }
  return lines.join('')
}

/** @param {{ id: string, type: string, data: Buffer, path: string }} object `path`: where it lies, for people */
function object({ id, type, data, path }) {
  const content = type === 'tree' ? treeRows(data) : data
  const isText = Buffer.from(content.toString('utf8')).equals(content) && !content.includes(0)
  const shown = isText ? content : Buffer.from(`${content.toString('base64')}\n`)
  const head = ['object', type, id, shown.length, isText ? 'text' : 'base64', path].join(' ')
  return `${head.trimEnd()}\n${shown.toString('utf8')}\n`
}

/** A tree as `git ls-tree` prints it. @param {Buffer} tree */
function treeRows(tree) {
  /** @type {Buffer[]} */
  const rows = []
  for (let position = 0; position < tree.length; ) {
    const [space, end] = [tree.indexOf(32, position), tree.indexOf(0, position)]
    const mode = tree.toString('latin1', position, space)
    const id = tree.toString('hex', end + 1, end + 21)
    const type = mode === '40000' ? 'tree' : 'blob'
    rows.push(
      Buffer.from(`${mode.padStart(6, '0')} ${type} ${id}\t`),
      tree.subarray(space + 1, end),
      Buffer.from('\n'),
    )
    position = end + 21
  }
  return Buffer.concat(rows)
}
