import { execFileSync } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BUILTIN_TOOLS, cutOutput, type Outcome, Workspace } from '../../src/agent/tools/index.ts'
import type { ToolContext } from '../../src/agent/tools/tool.ts'
import { temporaryFolder, workspaceWith } from './agent-context.ts'

function use(root: string, context: Partial<ToolContext> = {}) {
  const full: ToolContext = {
    workspace: new Workspace(root),
    env: { PATH: process.env.PATH },
    signal: new AbortController().signal,
    limit: 50_000,
    onOutput: () => {},
    mayRead: () => true,
    ...context,
  }
  return (tool: string, input: object): Promise<Outcome> => {
    const { inputSchema, run } = BUILTIN_TOOLS[tool]!
    return run(inputSchema.parse(input), full)
  }
}

describe('files', () => {
  test('read gives lines with their numbers, from where it is told, and says what is left', async () => {
    const run = use(await workspaceWith({ 'a.txt': 'one\ntwo\nthree\n', empty: '' }))
    expect((await run('read', { path: 'a.txt' })).text).toBe('1\tone\n2\ttwo\n3\tthree')
    const part = await run('read', { path: 'a.txt', offset: 2, limit: 1 })
    expect(part.text).toBe('2\ttwo\n[… 1 more lines; read on with offset 3 …]')
    expect((await run('read', { path: 'empty' })).text).toBe('(the file is empty)')
    await expect(run('read', { path: 'a.txt', offset: 9 })).rejects.toThrow('a.txt has only 3 lines')
    await expect(run('read', { path: 'b.txt' })).rejects.toThrow('b.txt: there is no such file or folder')
    await expect(run('read', { path: '.' })).rejects.toThrow('. is a folder')
  })

  test('read refuses binary files and pipes', async () => {
    const root = await workspaceWith()
    await writeFile(join(root, 'b'), Uint8Array.of(1, 0, 2))
    execFileSync('mkfifo', [join(root, 'pipe')])
    await expect(use(root)('read', { path: 'b' })).rejects.toThrow('binary')
    await expect(use(root)('read', { path: 'pipe' })).rejects.toThrow('not a plain file')
  })

  test('write makes folders and replaces; edit replaces a text that is there once, or all', async () => {
    const root = await workspaceWith()
    const run = use(root)
    await run('write', { path: 'a/b/c.txt', content: 'x $1 y $1' })
    await expect(run('edit', { path: 'a/b/c.txt', oldText: '$1', newText: '$&' })).rejects.toThrow('2 times')
    await run('edit', { path: 'a/b/c.txt', oldText: '$1', newText: '$&', all: true })
    await run('edit', { path: 'a/b/c.txt', oldText: 'x', newText: 'z' })
    await expect(run('edit', { path: 'a/b/c.txt', oldText: 'q', newText: '' })).rejects.toThrow(
      'does not contain',
    )
    expect(await readFile(join(root, 'a/b/c.txt'), 'utf8')).toBe('z $& y $&')
    await expect(run('write', { path: 'a', content: '' })).rejects.toThrow('not a plain file')
  })

  test('ls, glob and grep look around', async () => {
    const run = use(
      await workspaceWith({
        'src/a.ts': 'const x = 1\nlet y',
        'src/deep/b.ts': 'x',
        'c.md': 'X',
        'node_modules/d.ts': 'x',
      }),
    )
    expect((await run('ls', {})).text).toBe('c.md\nnode_modules/\nsrc/')
    expect((await run('glob', { pattern: 'src/**/*.ts' })).text).toBe('src/a.ts\nsrc/deep/b.ts')
    expect((await run('glob', { pattern: '*.ts', path: 'src' })).text).toBe('src/a.ts\nsrc/deep/b.ts')
    expect((await run('grep', { pattern: '^x|x =' })).text).toBe('src/a.ts:1:const x = 1\nsrc/deep/b.ts:1:x')
    expect((await run('grep', { pattern: 'x', ignoreCase: true, glob: '*.md' })).text).toBe('c.md:1:X')
    expect((await run('grep', { pattern: 'y', path: 'src/a.ts' })).text).toBe('src/a.ts:2:let y')
    expect((await run('grep', { pattern: 'nowhere' })).text).toBe('No line fits.')
    await expect(run('grep', { pattern: '(' })).rejects.toThrow('not a valid pattern')
  })

  test('grep leaves out what may not be read, and a pattern that takes for ever ends', async () => {
    const root = await workspaceWith({ '.env': 'KEY=1', 'a.txt': 'KEY=2', 'long.txt': `${'a'.repeat(40)}!` })
    const run = use(root, { mayRead: (name) => name !== '.env' })
    expect((await run('grep', { pattern: 'KEY' })).text).toBe('a.txt:1:KEY=2')
    await expect(run('grep', { pattern: '^(a+)+$' })).rejects.toThrow('took longer')
  })

  test('a glob that would backtrack for ever is answered, and one that is none is refused', async () => {
    const name = 'a'.repeat(200)
    const run = use(await workspaceWith({ [name]: 'x' }))
    expect((await run('glob', { pattern: `${'*a'.repeat(100)}b` })).text).toBe('No file fits.')
    expect((await run('glob', { pattern: '*a'.repeat(100) })).text).toBe(name)
    expect((await run('grep', { pattern: 'x', glob: `${'**/'.repeat(50)}b` })).text).toBe('No line fits.')
    await expect(run('glob', { pattern: 'a'.repeat(5000) })).rejects.toThrow('not a valid pattern')
    await expect(run('glob', { pattern: '{a,{b}' })).rejects.toThrow('not a valid pattern')
  })

  test('names are compared in turns with everything else, and a cancel is heard', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`${'a'.repeat(200)}${index}`, '']),
    )
    const abort = new AbortController()
    const run = use(await workspaceWith(files), { signal: abort.signal })
    const found = run('glob', { pattern: `${'*a'.repeat(180)}b` })
    setTimeout(() => abort.abort(new Error('enough')), 20)
    await expect(found).rejects.toThrow('enough')
  })

  test('a pattern that is too much for the engine is an answer, not a crash', async () => {
    const run = use(await workspaceWith({ 'a.txt': 'x'.repeat(2_000_000) }))
    await expect(run('grep', { pattern: `${'('.repeat(50_000)}x${')'.repeat(50_000)}` })).rejects.toThrow(
      /not a valid pattern|pattern failed/,
    )
    await expect(run('grep', { pattern: '(?:(?:x{1,500}){1,500}){1,500}y' })).rejects.toThrow(
      /pattern failed|took longer|not a valid/,
    )
  })
})

describe('the workspace', () => {
  test.each([
    '../out.txt',
    'a/../../out.txt',
    '/etc/passwd',
    'link/out.txt',
    'file-link',
    'dangling',
    'a\0b',
    'inner/up/out.txt',
  ])('%j leads outside and is refused by every tool', async (path) => {
    const outside = await workspaceWith({ 'out.txt': 'secret' })
    const root = join(outside, 'in')
    await mkdir(join(root, 'inner'), { recursive: true })
    await symlink(outside, join(root, 'link'))
    await symlink('../..', join(root, 'inner/up'))
    await symlink(join(outside, 'out.txt'), join(root, 'file-link'))
    await symlink(join(outside, 'new.txt'), join(root, 'dangling'))
    const run = use(root)
    await expect(run('read', { path })).rejects.toThrow(/outside|NUL|does not exist/)
    await expect(run('write', { path, content: 'x' })).rejects.toThrow(/outside|NUL|does not exist/)
    await expect(run('edit', { path, oldText: 'secret', newText: 'x' })).rejects.toThrow(
      /outside|NUL|does not exist/,
    )
    await expect(run('ls', { path })).rejects.toThrow(/outside|NUL|does not exist/)
    await expect(run('glob', { path, pattern: '*' })).rejects.toThrow(/outside|NUL|does not exist/)
    await expect(run('grep', { path, pattern: '.' })).rejects.toThrow(/outside|NUL|does not exist/)
    expect(await readFile(join(outside, 'out.txt'), 'utf8')).toBe('secret')
    expect(new Workspace(root).names(path)).toBeUndefined()
  })

  test('a link inside, an absolute path inside and a workspace that is a link are fine', async () => {
    const root = await workspaceWith({ 'a.txt': 'hello' })
    await symlink('a.txt', join(root, 'b.txt'))
    const other = join(await temporaryFolder(), 'link')
    await symlink(root, other)
    for (const path of ['b.txt', join(root, 'a.txt'), './x/../a.txt']) {
      expect((await use(other)('read', { path })).text).toBe('1\thello')
    }
    expect(new Workspace(other).names('b.txt')).toEqual(['b.txt', 'a.txt'])
    // By another way in: the rules for its name hold all the same.
    expect(new Workspace(root).names(join(other, 'b.txt'))).toEqual(['a.txt'])
  })

  test('grep does not follow links out', async () => {
    const outside = await workspaceWith({ 'out.txt': 'secret' })
    const root = join(outside, 'in')
    await mkdir(root)
    await symlink(outside, join(root, 'link'))
    await symlink(join(outside, 'out.txt'), join(root, 'file'))
    expect((await use(root)('grep', { pattern: 'secret' })).text).toBe('No line fits.')
  })
})

describe('bash', () => {
  test('runs in the workspace and tells the exit code', async () => {
    const root = await workspaceWith({ 'a.txt': 'hello' })
    const run = use(root)
    expect(await run('bash', { command: 'cat a.txt; pwd' })).toEqual({
      text: `hello${root}`,
      status: 'ok',
      exitCode: 0,
    })
    const failed = await run('bash', { command: 'echo no >&2; exit 7' })
    expect(failed).toEqual({ text: 'no\n[exit code 7]', status: 'error', exitCode: 7 })
    const killed = await run('bash', { command: 'kill -9 $$' })
    expect(killed).toMatchObject({ status: 'error', exitCode: null, signal: 'SIGKILL' })
  })

  test('the time limit and a cancel end the whole process group', async () => {
    const root = await workspaceWith()
    const abort = new AbortController()
    const run = use(root, { signal: abort.signal })
    const command = 'sleep 300 & echo $! > pid; trap "" TERM; sleep 300; sleep 300'
    const late = await run('bash', { command, timeout: 300 })
    expect(late.status).toBe('timeout')
    expect(late.text).toContain('stopped after 300 ms')
    expect(await isGone(root)).toBe(true)
    const cancelled = run('bash', { command })
    setTimeout(() => abort.abort(), 200)
    expect((await cancelled).status).toBe('cancelled')
    expect(await isGone(root)).toBe(true)
  })

  test('what a command leaves behind ends with it', async () => {
    const root = await workspaceWith()
    const outcome = await use(root)('bash', { command: 'sleep 300 & echo $! > pid; echo done' })
    expect(outcome.text).toBe('done')
    expect(await isGone(root)).toBe(true)
  })

  test('its output is passed on as it comes, and kept to a stated size', async () => {
    const heard: string[] = []
    const run = use(await workspaceWith(), { limit: 1000, onOutput: (text) => heard.push(text) })
    const { text } = await run('bash', { command: 'seq 1 100000; echo end' })
    expect(text.length).toBeLessThan(1200)
    expect(text).toMatch(/^1\n2\n3\n[\s\S]*characters left out; a tool's output is cut at 1000[\s\S]*end$/)
    expect(heard.join('')).toContain('99999\n100000\nend')
  })

  test('text is cut in the middle, and never through a character', () => {
    expect(cutOutput('short', 10)).toBe('short')
    const cut = cutOutput('😀'.repeat(100), 51)
    expect(cut.isWellFormed()).toBe(true)
    expect(cut).toContain('149 of 200 characters left out')
  })
})

async function isGone(root: string): Promise<boolean> {
  const pid = Number(await readFile(join(root, 'pid'), 'utf8'))
  for (let attempt = 0; attempt < 50; attempt++) {
    // A zombie that nobody waits for has ended all the same.
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    if (state === '' || /\) [ZX] /.test(state)) return true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return false
}
