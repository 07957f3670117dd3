import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { GitSessionStore, newMessage, newSession } from '../../src/index.ts'
import { DEMO, forkpoint, jsonLines, shell, workFolder } from './command-line.ts'

const cwd = await workFolder()
const run = (...args: string[]) => forkpoint(args, { cwd })
const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout)
const git = async (...args: string[]) =>
  (await promisify(execFile)('git', [`--git-dir=${join(cwd, 'sessions')}`, ...args])).stdout

beforeAll(async () => {
  await run('import', 'claude-code', DEMO, '--session', 'demo')
})

describe('import', () => {
  it('says what it imported, and how to undo it', async () => {
    const { code, stdout, stderr } = await run('import', 'claude-code', DEMO, '--store', 'other')
    expect(code).toBe(0)
    expect(stdout).toBe(
      'imported   b7d6a2f0-4c1e-4f7a-9a55-2f9d3c8e6b11: Newlines inside quotes  13 turns, 73 messages, 2 branches (main, rewind-1), 1 sub-agent\n',
    )
    expect(stderr).toBe('Undo: forkpoint delete b7d6a2f0-4c1e-4f7a-9a55-2f9d3c8e6b11 --store other\n')
  })

  it('adds nothing the second time', async () => {
    const { code, stdout, stderr } = await run('import', 'claude-code', DEMO, '--session', 'demo')
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'unchanged  demo: Newlines inside quotes\n',
      stderr: '',
    })
  })

  it('adds what a file has got since, and says how to take that back', async () => {
    const lines = (await readFile(DEMO, 'utf8')).split('\n')
    const file = join(cwd, 'growing.jsonl')
    const importIt = () => run('import', 'claude-code', file, '--store', 'grown', '--session', 'grown')
    const log = async () => (await run('log', 'grown', '--store', 'grown')).stdout
    await writeFile(file, `${lines.slice(0, 100).join('\n')}\n`)
    await importIt()
    const before = await log()
    await writeFile(file, lines.join('\n'))
    const { stdout, stderr } = await importIt()
    expect(stdout).toMatch(/^added to {3}grown: .* \d+ new checkpoints?, \d+ new messages?/)
    const undo = stderr.trimEnd().replace(/^Undo: /, '')
    expect(undo).toMatch(
      /^git --git-dir=grown update-ref refs\/heads\/grown\/main [0-9a-f]{40} [0-9a-f]{40}$/,
    )
    expect((await shell(undo, { cwd })).code).toBe(0)
    expect(await log()).toBe(before)
  })

  it('imports a folder, a line of JSON a file, and goes on after a file that is none', async () => {
    const folder = join(cwd, 'transcripts')
    await mkdir(folder)
    await cp(DEMO, join(folder, 'a.jsonl'))
    await cp(DEMO.replace('.jsonl', ''), join(folder, 'demo-session'), { recursive: true })
    await writeFile(join(folder, 'b.jsonl'), '{"type":"user"')
    const { code, stdout } = await run('import', 'claude-code', folder, '--store', 'folder', '--json')
    const lines = jsonLines(stdout)
    expect(lines.map(({ path }) => path)).toContain(join(folder, 'a.jsonl'))
    expect(lines[1]).toMatchObject({ path: join(folder, 'b.jsonl'), error: { code: 'UNSUPPORTED' } })
    expect(code).toBe(0)
    expect(lines[0]).toMatchObject({ created: true, turns: 13, messages: 73, warnings: [] })
  })

  it('has an exit code of its own for a file that is not there', async () => {
    const { code, stderr } = await run('import', 'claude-code', 'nowhere.jsonl')
    expect(code).toBe(4)
    expect(stderr).toContain("There is no file or folder 'nowhere.jsonl'.")
    expect(stderr).not.toContain('list')
    const asJson = await run('import', 'claude-code', 'nowhere.jsonl', '--json')
    expect(JSON.parse(asJson.stderr).error).toMatchObject({ code: 'NOT_FOUND', kind: 'file' })
  })

  it('refuses a file that is not a session, and says which option gives another id', async () => {
    await writeFile(join(cwd, 'history.jsonl'), '{"display":"Go","sessionId":"demo"}\n')
    const refused = await run('import', 'claude-code', 'history.jsonl')
    expect([refused.code, refused.stderr]).toEqual([
      1,
      "forkpoint: 'history.jsonl' is not a session of Claude Code.\n",
    ])
    const taken = await run('fork', 'demo', '--session', 'demo')
    expect(taken.stderr).toContain('--session <id>')
  })

  it('suggests the tool that was probably meant, and names those there are', async () => {
    const meant = await run('import', 'claude', DEMO)
    expect([meant.code, meant.stderr]).toEqual([
      2,
      expect.stringContaining("There is no tool 'claude' to import. Did you mean 'import claude-code'?"),
    ])
    expect((await run('export', 'Claude_Code', 'demo')).stderr).toContain(
      "Did you mean 'export claude-code'?",
    )
    expect((await run('import', 'nothing', DEMO)).stderr).toContain('There are: claude-code, codex')
  })

  it('takes one path at a time', async () => {
    for (const more of [[DEMO], [DEMO, DEMO]]) {
      const { code, stderr } = await run('import', DEMO, ...more)
      expect([code, stderr]).toEqual([2, expect.stringContaining('Import one file or folder at a time.')])
    }
  })

  it('finds out the tool of a file, of a pipe and of the files of a folder by itself', async () => {
    const folder = join(cwd, 'several')
    await mkdir(folder)
    await cp(DEMO, join(folder, 'a.jsonl'))
    const meta = { id: 'r-1', cwd: '/w', cli_version: '0.171.0' }
    const rollout = [
      { timestamp: '2026-01-02T03:04:05.000Z', type: 'session_meta', payload: meta },
      {
        timestamp: '2026-01-02T03:04:06.000Z',
        type: 'response_item',
        payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Go' }] },
      },
    ]
    await writeFile(join(folder, 'b.jsonl'), `${rollout.map((line) => JSON.stringify(line)).join('\n')}\n`)
    await writeFile(join(folder, 'notes.json'), '{"some":"thing else"}')
    const whole = await run('import', folder, '--store', 'any', '--json')
    expect(jsonLines(whole.stdout).map(({ tool, turns }) => [tool, turns])).toEqual([
      ['claude-code', 13],
      ['codex', 1],
    ])
    const one = await run('import', join(folder, 'b.jsonl'), '--store', 'one', '--session', 'mine')
    expect(one.stdout).toMatch(/^imported +mine: Go {2}1 turn, 1 message/)
    const piped = await shell(`cat '${DEMO}' | $FP import /dev/stdin --store piped-any`, { cwd })
    expect(piped.stdout).toMatch(/^imported .*13 turns, 73 messages/)
    const unknown = await run('import', join(folder, 'notes.json'))
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('is not a session of a tool')])
  })

  it('imports what all tools keep in their own folders, and of a tool that a module brings along', async () => {
    const home = join(cwd, 'home')
    await mkdir(join(home, '.claude', 'projects'), { recursive: true })
    await cp(DEMO, join(home, '.claude', 'projects', 'a.jsonl'))
    const env = { HOME: home, CODEX_HOME: join(home, 'nowhere') }
    const all = await forkpoint(['import', '--all', '--store', 'all', '--json'], { cwd, env })
    expect(jsonLines(all.stdout).map(({ tool }) => tool)).toEqual(['claude-code'])
    expect((await run('import', '--all', DEMO)).code).toBe(2)
    const empty = await forkpoint(['import', '--all'], { cwd, env: { HOME: join(cwd, 'nobody') } })
    expect(empty).toMatchObject({ code: 0, stdout: '', stderr: 'Found nothing to import.\n' })
    expect((await run('import', DEMO, '--importer', 'nowhere.mjs')).code).toBe(2)
  })

  it('reads a pipe', async () => {
    const piped = await shell(`cat '${DEMO}' | $FP import claude-code /dev/stdin --store piped`, { cwd })
    expect(piped.stdout).toMatch(/^imported .*13 turns, 73 messages/)
    expect((await shell('$FP import claude-code /dev/stdin --store piped < /dev/null', { cwd })).code).toBe(1)
  })
})

describe('continue', () => {
  it('writes the session where another tool looks, says the command and the undo, and starts it', async () => {
    const home = join(cwd, 'continued')
    const bin = join(home, 'bin')
    await mkdir(bin, { recursive: true })
    await writeFile(join(bin, 'codex'), '#!/bin/sh\necho "started $1 $2"\n', { mode: 0o755 })
    const env = { HOME: home, CODEX_HOME: '', PATH: `${bin}:${process.env.PATH}` }
    const { code, stdout, stderr } = await forkpoint(['continue', 'demo', '--with', 'codex', '--run'], {
      cwd,
      env,
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^codex resume ([0-9a-f-]{36})\nstarted resume \1\n$/)
    const undo = /undo: (rm .*)/.exec(stderr)?.[1] as string
    const back = await forkpoint(['import', undo.slice(3)], { cwd, env })
    expect(back.stdout).toMatch(/^unchanged +demo/)
    expect((await shell(undo, { cwd })).code).toBe(0)
  })

  it('refuses a tool that takes no sessions', async () => {
    expect((await run('continue', 'demo', '--with', 'aider')).code).toBe(2)
    expect((await run('continue', 'demo')).code).toBe(2)
    expect((await run('continue', 'demo', '--with', 'codx')).stderr).toContain("There is no tool 'codx'")
  })
})

describe('export', () => {
  it('writes a session of one tool as one of another, and as messages', async () => {
    const { stdout } = await run('export', 'codex', 'demo')
    const first = JSON.parse(stdout.slice(0, stdout.indexOf('\n')))
    expect(first).toMatchObject({ type: 'session_meta', payload: { originator: 'forkpoint' } })
    const messages = JSON.parse((await run('export', 'openai-messages', 'demo')).stdout)
    expect(messages[0]).toMatchObject({ role: 'user' })
    expect((await run('export', 'aider', 'demo')).stderr).toContain('was not imported from aider')
  })

  it('writes the imported file to stdout, byte for byte', async () => {
    const { stdout, stderr, code } = await run('export', 'claude-code', 'demo')
    expect(stdout).toBe(await readFile(DEMO, 'utf8'))
    expect(stderr).toContain('left out 1 file of sub-agents; -o <folder> writes them too')
    expect(code).toBe(0)
  })

  it("writes it into a folder with its sub-agents' files, and replaces nothing unasked", async () => {
    const { stdout } = await run('export', 'claude-code', 'demo', '-o', 'exported')
    expect(stdout).toMatch(
      /^exported\/demo-session\.jsonl {2}131 entries\nexported\/.*agent-7c1f02ab\.jsonl {2}7 entries\n$/,
    )
    expect(await readFile(join(cwd, 'exported', 'demo-session.jsonl'))).toEqual(await readFile(DEMO))
    const again = await run('export', 'claude-code', 'demo', '-o', 'exported')
    expect(again.code).toBe(3)
    expect(again.stderr).toContain("'exported/demo-session.jsonl' already exists")
    expect((await run('export', 'claude-code', 'demo', '-o', 'exported', '--overwrite')).code).toBe(0)
  })

  it('gives the entries as data with --json', async () => {
    const { session, skipped, files } = await json('export', 'claude-code', 'demo/main~3')
    expect({ session, skipped }).toEqual({ session: 'demo', skipped: 0 })
    expect(files[0].name).toBe('demo-session.jsonl')
    expect(files[0].lines.length).toBeLessThan(131)
  })
})

describe('list', () => {
  it('shows a session a line', async () => {
    const { stdout } = await run('list')
    expect(stdout).toBe('demo  2025-11-03 09:30  67 messages  Newlines inside quotes\n')
  })

  it('gives summaries as JSON lines', async () => {
    const { stdout } = await run('list', '--json', '--prefix', 'de', '-n', '1')
    expect(jsonLines(stdout)).toEqual([
      expect.objectContaining({ id: 'demo', type: 'session', activeBranch: 'main', messages: 67 }),
    ])
    expect((await run('list', '--prefix', 'x')).stdout).toBe('')
  })
})

describe('log', () => {
  it('shows the turns of a session, newest first', async () => {
    const { stdout } = await run('log', 'demo', '-n', '4')
    expect(stdout.replace(/^[0-9a-f]{10}/gm, '<id>')).toBe(
      [
        '<id>  2025-11-03 09:30  turn 12: What is left before a release?  (main)',
        '<id>  2025-11-03 09:26  turn 11: Commit it',
        '<id>  2025-11-03 09:25  turn 10: No new dependency, util.parseArgs is enough',
        '<id>  2025-11-03 09:25  turn 9: Add a --delimiter option',
        '',
      ].join('\n'),
    )
  })

  it('counts turns as git does, from any revision', async () => {
    const [head] = jsonLines((await run('log', 'demo/main~3', '--json')).stdout)
    expect(head).toMatchObject({ seq: 9, subject: 'turn 9: Add a --delimiter option', heads: [], tags: [] })
    expect((await git('rev-parse', 'demo/main~3')).trim()).toBe(head?.id)
    expect(jsonLines((await run('log', 'demo~3', '-n', '1', '--json')).stdout)[0]?.id).toBe(head?.id)
    const short = String(head?.id).slice(0, 8)
    expect(jsonLines((await run('log', `demo/${short}`, '-n', '1', '--json')).stdout)[0]?.id).toBe(head?.id)
  })

  it('with --steps also shows what happened inside turns', async () => {
    const all = jsonLines((await run('log', 'demo', '--steps', '--json')).stdout)
    expect(all.at(-1)).toMatchObject({ kind: 'step' })
    expect((await run('log', 'demo', '--steps')).stdout).toContain('· ')
  })

  it('says that a turn has not ended, whose checkpoints it does not show', async () => {
    expect((await run('log', 'demo')).stderr).toBe('')
    const store = new GitSessionStore(join(cwd, 'steps'))
    await store.save(newSession('killed'))
    await store.append(
      'killed',
      { messages: [newMessage('user', 'Which files are there?')] },
      { kind: 'step' },
    )
    await store.close()
    const { stdout, stderr } = await run('log', 'killed', '--store', 'steps')
    expect(stdout).not.toContain('Which files')
    expect(stderr).toContain('inside a turn that has not ended: --steps shows them.')
    expect((await run('log', 'killed', '--steps', '--store', 'steps')).stderr).toBe('')
  })
})

describe('show', () => {
  it('shows a checkpoint and what was said in its turn', async () => {
    const { stdout } = await run('show', 'demo')
    await expect(stdout.replace(/[0-9a-f]{40}/, '<id>')).toMatchFileSnapshot('golden/show.txt')
  })

  it('shows tool calls and results, cut unless asked', async () => {
    const cut = await run('show', 'demo/main~10')
    expect(cut.stdout).toContain('→ Read {"file_path"')
    expect(cut.stdout).toMatch(/… \d+ more lines/)
    const { stdout } = await run('show', 'demo/main~10', '--full')
    expect(stdout).not.toMatch(/… \d+ more lines/)
    expect(stdout.length).toBeGreaterThan(cut.stdout.length)
  })

  it('shows earlier messages when asked', async () => {
    expect((await run('show', 'demo')).stdout).toContain('65 earlier messages: --all shows them')
    expect((await run('show', 'demo', '--all')).stdout).toContain('#0 user')
    expect((await run('show', 'demo', '--last', '3')).stdout).toContain('#64 assistant')
  })

  it('gives checkpoint and state as one document', async () => {
    const { checkpoint, state } = await json('show', 'demo/main~3')
    expect(checkpoint).toMatchObject({ session: 'demo', branch: 'main', seq: 9, kind: 'import' })
    expect(state).toMatchObject({
      id: 'demo',
      type: 'session',
      title: 'Read the project and tell me how the CSV parser works',
    })
    expect(state.messages.length).toBe(checkpoint.messages.to + 1)
  })
})

describe('diff', () => {
  it('shows what was said since, and what changed', async () => {
    const { stdout } = await run('diff', 'demo~1')
    const shown = stdout.replace(/[0-9a-f]{64}|^[0-9a-f]{10}/gm, '<id>')
    await expect(shown).toMatchFileSnapshot('golden/diff.txt')
  })

  it('says so when nothing differs', async () => {
    expect((await run('diff', 'demo', 'demo/main')).stdout).toMatch(/\n\n?No differences\.\n$/)
  })

  it("gives git's own patch, exactly", async () => {
    const { stdout } = await run('diff', 'demo~1', 'demo', '--patch')
    expect(stdout).toBe(await git('diff', '--binary', '--full-index', 'demo/main~1', 'demo/main'))
    const { from, to, patch } = await json('diff', 'demo~1', 'demo', '--patch')
    expect(patch).toBe(stdout)
    expect([from.session, to.session]).toEqual(['demo', 'demo'])
  })

  it('compares branches as data', async () => {
    const diff = await json('diff', 'demo/main', 'demo/rewind-1')
    expect(Object.keys(diff)).toEqual(['from', 'to', 'fields', 'messages', 'runs', 'collections'])
    expect(diff.messages.removed.length).toBe(42)
    expect(diff.messages.added.length).toBe(6)
  })
})

describe('fork, switch, branches, tag and delete', () => {
  it('a branch is forked, switched to, listed and deleted, each with its undo', async () => {
    const forked = await run('fork', 'demo/main~3', '--branch', 'try one')
    expect(forked.code).toBe(0)
    expect(forked.stdout).toMatch(
      /^Branch try one starts at [0-9a-f]{10} of demo: turn 9: Add a --delimiter option\n$/,
    )
    expect(forked.stderr).toBe("Undo: forkpoint delete demo --branch 'try one'\n")

    const switched = await run('switch', 'demo', 'try one')
    expect(switched.stdout).toBe('demo is now on try one; it was on main.\n')
    expect(switched.stderr).toBe('Undo: forkpoint switch demo main\n')
    expect((await run('list')).stdout).toContain('[on try one]')
    expect((await run('branches', 'demo')).stdout.replace(/[0-9a-f]{10}/g, '<id>')).toBe(
      [
        '  main      <id>  2025-11-03 09:30  turn 12: What is left before a release?',
        '  rewind-1  <id>  2025-11-03 09:17  turn 5: Make it faster: one big regular expression instead of the loop',
        '* try one   <id>  2025-11-03 09:25  turn 9: Add a --delimiter option',
        '',
      ].join('\n'),
    )
    expect(jsonLines((await run('branches', 'demo', '--json')).stdout)[2]).toMatchObject({
      name: 'try one',
      active: true,
    })

    const deleted = await run('delete', 'demo', '--branch', 'try one', '--yes')
    expect(deleted.stdout).toBe('Deleted branch try one of demo.\n')
    await undo(deleted.stderr)
    expect(jsonLines((await run('branches', 'demo', '--json')).stdout)[2]).toMatchObject({
      name: 'try one',
      active: true,
    })
    await run('delete', 'demo', '--branch', 'try one', '--yes')
    expect((await run('list')).stdout).not.toContain('[on')
  })

  it('a fork that is switched to says both ways back', async () => {
    const { undo } = await json('fork', 'demo', '-b', 'two', '--switch')
    expect(undo).toEqual(['forkpoint switch demo main', 'forkpoint delete demo --branch two'])
    expect((await run('branches', 'demo')).stdout).toContain('* two')
    await run('delete', 'demo', '-b', 'two', '-y')
  })

  it('a fork into a session of its own starts where it was asked to', async () => {
    const { from, session, branch, checkpoint } = await json('fork', 'demo/main~5', '--session', 'demo/two')
    expect({ from: from.session, session, branch }).toEqual({
      from: 'demo',
      session: 'demo/two',
      branch: 'main',
    })
    const [first, second] = jsonLines((await run('log', 'demo/two/main', '--json')).stdout)
    expect(first).toMatchObject({
      id: checkpoint,
      kind: 'fork',
      forkedFrom: { session: 'demo', checkpoint: from.checkpoint },
    })
    expect(second?.id).toBe(from.checkpoint)
    expect((await run('delete', 'demo/two', '--yes')).code).toBe(0)
    expect((await run('log', 'demo/two')).code).toBe(4)
  })

  it('a tag is set, listed, resolved and deleted', async () => {
    const tagged = await run('tag', 'demo/main~2', 'before-cli')
    expect(tagged.stdout).toMatch(/^Tag before-cli names [0-9a-f]{10} of demo: turn 10: /)
    expect((await run('tag', 'demo')).stdout).toMatch(
      /^before-cli {2}[0-9a-f]{10} {2}2025-11-03 09:25 {2}turn 10: /,
    )
    expect((await run('log', 'demo', '-n', '3')).stdout).toContain('(tag: before-cli)')
    expect((await run('log', 'demo/before-cli', '-n', '1', '--json')).stdout).toContain('"seq":10')
    expect((await run('tag', 'demo', 'before-cli')).code).toBe(3)
    expect((await run('delete', 'demo', '--tag', 'before-cli', '-y')).stdout).toBe(
      'Deleted tag before-cli of demo.\n',
    )
    expect((await run('delete', 'demo', '--tag', 'before-cli', '-y')).code).toBe(4)
  })

  it('what git calls a branch, a tag and any other checkpoint is printed', async () => {
    const printed = async (place: string) => (await run('ref', place)).stdout
    expect(await printed('demo')).toBe('refs/heads/demo/main\n')
    await run('tag', 'demo/main~2', 'Before-CLI')
    expect(await printed('demo/Before-CLI')).toBe('refs/tags/demo/before-cli+107\n')
    const { ref, checkpoint } = await json('ref', 'demo/main~2')
    expect([ref, checkpoint]).toEqual([undefined, (await json('ref', 'demo/Before-CLI')).checkpoint])
    expect(await printed('demo/main~2')).toBe(`${checkpoint}\n`)
    expect((await run('show', 'demo/Before-CLI')).stdout).toContain('refs/tags/demo/before-cli+107\n')
    expect((await json('show', 'demo')).ref).toBe('refs/heads/demo/main')
    expect((await run('ref', 'demo/nothing')).code).toBe(4)
    await run('delete', 'demo', '--tag', 'Before-CLI', '-y')
  })

  it('a session is deleted only when somebody agreed, and comes back with the undo it prints', async () => {
    const refused = await run('delete', 'demo')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(
      'Delete session demo with 2 branches? There is no terminal to ask on. Pass --yes.',
    )
    const before = (await run('log', 'demo', '--json')).stdout

    const deleted = await run('delete', 'demo', '--yes')
    expect(deleted.stdout).toBe('Deleted session demo.\n')
    expect((await run('log', 'demo')).code).toBe(4)
    expect(deleted.stderr).toContain('forkpoint restore demo')
    expect((await run('restore', 'demo')).stdout).toMatch(/^Restored demo/)
    expect((await run('log', 'demo', '--json')).stdout).toBe(before)
  })

  const undo = async (stderr: string) => {
    const commands = stderr.split('\n').filter((line) => line.startsWith('  git '))
    expect(commands.length).toBeGreaterThan(0)
    expect((await shell(commands.join('&&'), { cwd })).code).toBe(0)
  }
})

describe('verify and maintain', () => {
  it('verify reads everything, and fails when something is wrong', async () => {
    const { code, stdout } = await run('verify')
    expect(stdout).toMatch(/^No problems: 1[34] checkpoints read, [\d,]+ objects checked\.\n$/)
    expect(code).toBe(0)
    expect(await json('verify', 'demo')).toMatchObject({ ok: true, problems: [] })
  })

  it('a broken store is an error without a stack', async () => {
    await cp(join(cwd, 'sessions'), join(cwd, 'broken'), { recursive: true })
    const packs = join(cwd, 'broken', 'objects', 'pack')
    await shell(
      `git --git-dir=broken repack -adq && chmod u+w ${packs}/*.pack && truncate -s 5000 ${packs}/*.pack`,
      { cwd },
    )
    for (const args of [['verify'], ['show', 'demo'], ['log', 'demo', '--json']]) {
      const { code, stdout, stderr } = await run(...args, '--store', 'broken')
      expect(code).toBe(1)
      expect(stdout + stderr).toContain('pack')
      expect(stderr).not.toMatch(/^ +at /m)
    }
  })

  it('maintain says what came of it', async () => {
    const { code, stdout } = await run('maintain')
    expect(stdout).toMatch(/^\d+ packs?, [\d.]+ \w+ before; \d+ packs?, [\d.]+ \w+ now\.\n$/)
    expect(code).toBe(0)
    expect(Object.keys(await json('maintain'))).toEqual(
      expect.arrayContaining(['native', 'packsBefore', 'packsAfter', 'bytesBefore', 'bytesAfter']),
    )
  })
})
