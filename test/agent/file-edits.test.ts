import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, link, lstat, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { Scrubber } from '../../src/agent/secrets/secrets.ts'
import { BUILTIN_TOOLS, Workspace } from '../../src/agent/tools/index.ts'
import { ROOT } from '../support/build.ts'
import { temporaryFolder, workspaceWith } from './agent-context.ts'

function use(root: string, secrets?: Scrubber) {
  return async (tool: string, input: object): Promise<string> => {
    const { inputSchema, run } = BUILTIN_TOOLS[tool]!
    const { text } = await run(inputSchema.parse(input), {
      workspace: new Workspace(root),
      env: { PATH: process.env.PATH },
      signal: new AbortController().signal,
      limit: 50_000,
      onOutput: () => {},
      mayRead: () => true,
      ...(secrets === undefined ? {} : { secrets }),
    })
    return text
  }
}

/** For programs that other processes run. */
const IMPORT = `import { BUILTIN_TOOLS, Workspace } from ${JSON.stringify(join(ROOT, 'dist/agent/tools/index.js'))};`

/** What an edit makes of a file; the reason when it was refused, and then the file has to be as it was. */
async function afterEdit(before: string | Buffer, input: object): Promise<Buffer | string> {
  const root = await workspaceWith()
  const file = join(root, 'a.txt')
  await writeFile(file, before)
  const refused = await use(root)('edit', { path: 'a.txt', ...input }).then(
    () => undefined,
    (error: Error) => error.message,
  )
  const after = await readFile(file)
  expect(await readdir(root)).toEqual(['a.txt'])
  if (refused === undefined) return after
  expect(after).toEqual(Buffer.from(before))
  return refused
}

describe('edit keeps the line ends that are there', () => {
  test.each([
    ['one\r\ntwo\r\nthree\r\n', 'one\ntwo', 'one\n2', 'one\r\n2\r\nthree\r\n'],
    ['one\r\ntwo\r\nthree\r\n', 'two', '2\n2b', 'one\r\n2\r\n2b\r\nthree\r\n'],
    ['one\r\ntwo\r\n', 'two\n', '', 'one\r\n'],
    ['one\r\ntwo', 'two', '2\n3', 'one\r\n2\r\n3'],
    ['one\r\ntwo\r\n', '\ntwo', '\n\n2', 'one\r\n\r\n2\r\n'],
    ['one\ntwo\n', 'one\ntwo', '1\n2', '1\n2\n'],
    ['one\nmixed\r\nend\n', 'mixed\nend', 'm\ne', 'one\nm\r\ne\n'],
    ['one\nmixed\r\nend\n', 'one', '1\n1b', '1\n1b\nmixed\r\nend\n'],
    // Who writes carriage returns means them.
    ['one\r\ntwo\r\n', 'one\r\ntwo', 'one\ntwo', 'one\ntwo\r\n'],
    ['one\ntwo\n', 'one', 'one\r', 'one\r\ntwo\n'],
    ['no line end', 'line', 'a\nb', 'no a\nb end'],
    ['a\rb\r\nc\r\n', 'b\nc', 'x', 'a\rx\r\n'],
  ])('%j, %j to %j', async (before, oldText, newText, after) => {
    expect(String(await afterEdit(before, { oldText, newText }))).toBe(after)
  })

  test('and counts a place once, however its lines end', async () => {
    const before = 'a\nb\n--\na\r\nb\r\n'
    const input = { oldText: 'a\nb', newText: 'x\ny' }
    expect(await afterEdit(before, input)).toContain('2 times')
    expect(String(await afterEdit(before, { ...input, all: true }))).toBe('x\ny\n--\nx\r\ny\r\n')
  })
})

describe('edit keeps every other byte', () => {
  const change = { oldText: 'price = 1', newText: 'price = 2' }
  const wide = (text: string) => Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from(text, 'utf16le')])

  test.each<[string, Buffer]>([
    ['Latin-1', Buffer.from('price = 1\n# café, déjà vu\n', 'latin1')],
    ['Shift_JIS', Buffer.concat([Buffer.from('price = 1\n'), Buffer.of(0x83, 0x5c, 0x83, 0x41, 10)])],
    ['GBK', Buffer.concat([Buffer.from('price = 1 '), Buffer.of(0xc4, 0xe3, 0xba, 0xc3, 10)])],
    ['a broken byte in UTF-8', Buffer.concat([Buffer.from('é price = 1'), Buffer.of(0xff)])],
    ['UTF-8 with its mark', Buffer.from('\uFEFFprice = 1\r\né\r\n')],
    ['a mark in the middle', Buffer.from('é\uFEFF price = 1 e\u0301')],
  ])('of %s', async (_, before) => {
    const expected = Buffer.from(before.toString('latin1').replace('price = 1', 'price = 2'), 'latin1')
    expect(await afterEdit(before, change)).toEqual(expected)
  })

  test('of UTF-16, in both orders', async () => {
    expect(await afterEdit(wide('é price = 1\r\n😀'), { oldText: 'price = 1', newText: 'ü\n2' })).toEqual(
      wide('é ü\r\n2\r\n😀'),
    )
    const big = (text: string) => wide(text).swap16()
    expect(await afterEdit(big('é price = 1'), { oldText: 'é', newText: '漢' })).toEqual(big('漢 price = 1'))
  })

  test('or refuses', async () => {
    const latin = Buffer.from('café = 1', 'latin1')
    expect(await afterEdit(latin, { oldText: 'é', newText: 'e' })).toContain('only ASCII')
    expect(await afterEdit(latin, { oldText: '= 1', newText: '= é' })).toContain('only ASCII')
    // The second byte of ソ in Shift_JIS is a backslash.
    const japanese = Buffer.of(0x83, 0x5c, 0x20, 0x5c)
    expect(await afterEdit(japanese, { oldText: '\\', newText: '/' })).toEqual(
      Buffer.of(0x83, 0x5c, 0x20, 0x2f),
    )
    expect(await afterEdit(Buffer.of(0x83, 0x5c), { oldText: '\\', newText: '/' })).toContain(
      'does not contain',
    )
    for (const bytes of [
      Buffer.from('a\0price = 1'),
      Buffer.concat([Buffer.from('price = 1'), Buffer.of(0x1f, 0x8b, 0xff)]),
      Buffer.concat([wide('price = 1'), Buffer.of(0)]),
      Buffer.concat([wide('price = 1'), Buffer.of(0x00, 0xd8)]),
      Buffer.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0),
    ]) {
      expect(await afterEdit(bytes, change)).toContain('binary')
    }
    expect(await afterEdit('price = 1', { ...change, newText: 'half \ud83d' })).toContain('surrogate')
  })
})

describe('write', () => {
  test('keeps mark, encoding and line ends of what was there, and says so', async () => {
    const root = await workspaceWith({
      'a.txt': '\uFEFFone\r\ntwo\r\n',
      'lf.txt': 'one\n',
      'mixed.txt': 'a\r\nb\n',
    })
    const run = use(root)
    expect(await run('write', { path: 'a.txt', content: '1\n2\n' })).toContain(
      'with a byte order mark, CRLF line ends as before',
    )
    expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('\uFEFF1\r\n2\r\n')
    await run('write', { path: 'lf.txt', content: 'a\r\nb\n' })
    expect(await readFile(join(root, 'lf.txt'), 'utf8')).toBe('a\r\nb\n')
    await run('write', { path: 'mixed.txt', content: 'x\ny\n' })
    expect(await readFile(join(root, 'mixed.txt'), 'utf8')).toBe('x\ny\n')
    await writeFile(join(root, 'wide.txt'), Buffer.from('\uFEFFé', 'utf16le'))
    expect(await run('read', { path: 'wide.txt' })).toBe('1\té')
    await run('write', { path: 'wide.txt', content: 'ü' })
    expect(await readFile(join(root, 'wide.txt'))).toEqual(Buffer.from('\uFEFFü', 'utf16le'))
  })

  test('refuses to replace what it cannot read as text', async () => {
    const root = await workspaceWith()
    for (const bytes of [Buffer.of(1, 0, 2), Buffer.from('café', 'latin1')]) {
      await writeFile(join(root, 'a'), bytes)
      await expect(use(root)('write', { path: 'a', content: 'x' })).rejects.toThrow('remove it first')
      expect(await readFile(join(root, 'a'))).toEqual(bytes)
    }
    expect(await use(root)('read', { path: 'a' })).toContain('the file is not UTF-8')
  })

  test('does not put a mask in the place of a key', async () => {
    const root = await workspaceWith({ '.env': 'KEY=sk-0123456789abcdef0123\nA=1\n' })
    const run = use(root, new Scrubber(['sk-0123456789abcdef0123']))
    const content = 'KEY=[secret]\nA=2\n'
    await expect(run('write', { path: '.env', content })).rejects.toThrow('with edit')
    const input = { path: '.env', oldText: 'KEY=[secret]', newText: 'KEY=' }
    await expect(run('edit', input)).rejects.toThrow('stands for a key')
    await run('edit', { path: '.env', oldText: 'A=1', newText: 'A=2' })
    expect(await readFile(join(root, '.env'), 'utf8')).toBe('KEY=sk-0123456789abcdef0123\nA=2\n')
  })
})

describe('a replaced file', () => {
  test('keeps its mode, its owner and the links to it', async () => {
    const root = await workspaceWith({ 'a.sh': 'one', 'b.txt': 'one' })
    await chmod(join(root, 'a.sh'), 0o4751)
    if (process.getuid?.() === 0) await chown(join(root, 'a.sh'), 1234, 1234)
    await chmod(join(root, 'a.sh'), 0o4751)
    await symlink('a.sh', join(root, 'link'))
    await link(join(root, 'b.txt'), join(root, 'other-name'))
    const run = use(root)
    const before = await stat(join(root, 'a.sh'))
    await run('edit', { path: 'link', oldText: 'one', newText: 'two' })
    await run('write', { path: 'link', content: 'three' })
    const after = await stat(join(root, 'a.sh'))
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid])
    expect((await lstat(join(root, 'link'))).isSymbolicLink()).toBe(true)
    expect(await readFile(join(root, 'a.sh'), 'utf8')).toBe('three')
    for (const content of ['longer than it was', 'x']) {
      await run('write', { path: 'b.txt', content })
      expect(await readFile(join(root, 'other-name'), 'utf8')).toBe(content)
    }
    expect((await stat(join(root, 'b.txt'))).nlink).toBe(2)
  })

  test('a new one has the mode that new files have', async () => {
    const root = await workspaceWith()
    const mask = process.umask(0o027)
    try {
      await use(root)('write', { path: 'deep/a.txt', content: 'x' })
    } finally {
      process.umask(mask)
    }
    expect((await stat(join(root, 'deep/a.txt'))).mode & 0o777).toBe(0o640)
    expect(await readdir(join(root, 'deep'))).toEqual(['a.txt'])
  })

  test('that someone else has changed since it was read is left alone', async () => {
    const root = await workspaceWith({ 'a.txt': 'one' })
    const workspace = new Workspace(root)
    const seen = await stat(join(root, 'a.txt'), { bigint: true })
    await writeFile(join(root, 'a.txt'), 'theirs')
    await expect(workspace.writeFile('a.txt', Buffer.from('ours'), seen)).rejects.toThrow('read it again')
    await expect(workspace.writeFile('a.txt', Buffer.from('ours'), undefined)).rejects.toThrow(
      'read it again',
    )
    expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('theirs')
  })

  test('in a folder that takes no new files is written in place; one that may not be written is refused', async () => {
    if (process.getuid?.() !== 0) return console.warn('skipped: only root can act as somebody else')
    const root = await workspaceWith({ 'theirs.txt': 'one', 'open/locked.txt': 'one' })
    await chmod(root, 0o755)
    await chmod(join(root, 'open'), 0o777)
    await chown(join(root, 'theirs.txt'), 65534, 65534)
    await chmod(join(root, 'open/locked.txt'), 0o444)
    const program = `
      process.setgid(65534)
      process.setuid(65534)
      const context = { workspace: new Workspace(${JSON.stringify(root)}), signal: new AbortController().signal }
      for (const path of ['theirs.txt', 'open/locked.txt', 'open/new.txt'])
        await BUILTIN_TOOLS.write.run({ path, content: 'two' }, context).then(({ text }) => console.log(text), ({ message }) => console.log(message))`
    const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', IMPORT + program], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(stdout.split('\n')).toEqual([
      'Wrote 3 bytes to theirs.txt.',
      'open/locked.txt: permission denied',
      'Wrote 3 bytes to open/new.txt.',
      '',
    ])
    expect(await readFile(join(root, 'theirs.txt'), 'utf8')).toBe('two')
    expect(await readFile(join(root, 'open/locked.txt'), 'utf8')).toBe('one')
    expect((await readdir(root)).sort()).toEqual(['open', 'theirs.txt'])
  })

  test('is the old one or the new one after a kill', async () => {
    const root = await workspaceWith()
    const [a, b] = ['a'.repeat(3_000_000), 'b'.repeat(3_000_000)]
    await writeFile(join(root, 'big.txt'), a)
    const program = `
      const context = { workspace: new Workspace(${JSON.stringify(root)}), signal: new AbortController().signal }
      process.stdout.write('ready')
      for (;;) for (const letter of ['b', 'a'])
        await BUILTIN_TOOLS.write.run({ path: 'big.txt', content: letter.repeat(3_000_000) }, context)`
    for (let kill = 0; kill < 8; kill++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', IMPORT + program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = once(child, 'exit')
      await once(child.stdout, 'data')
      await sleep(20 + Math.random() * 60)
      child.kill('SIGKILL')
      await ended
      const text = await readFile(join(root, 'big.txt'), 'utf8')
      expect(text === a || text === b).toBe(true)
    }
  })
})

describe('on a full disk', () => {
  const mounts: string[] = []
  afterEach(() => {
    for (const folder of mounts.splice(0)) spawnSync('umount', ['-l', folder])
  })

  test.each(['one name', 'two names'])('a file with %s is as it was, and nothing is left', async (names) => {
    const root = await temporaryFolder()
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', root]).status !== 0) {
      console.warn('skipped, because mounting is not permitted here')
      return
    }
    mounts.push(root)
    const before = 'x'.repeat(100_000)
    await writeFile(join(root, 'a.txt'), before)
    if (names === 'two names') await link(join(root, 'a.txt'), join(root, 'b.txt'))
    const listed = await readdir(root)
    const run = use(root)
    await expect(run('write', { path: 'a.txt', content: 'y'.repeat(500_000) })).rejects.toThrow(
      'the disk is full',
    )
    await expect(run('write', { path: 'new.txt', content: 'y'.repeat(500_000) })).rejects.toThrow(
      'the disk is full',
    )
    expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe(before)
    expect(await readdir(root)).toEqual(listed)
    await run('edit', { path: 'a.txt', oldText: before, newText: 'small' })
    expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('small')
  })

  test('a file that something is mounted on is written in place', async () => {
    const root = await workspaceWith({ 'a.txt': 'one', 'source.txt': 'two' })
    if (spawnSync('mount', ['--bind', join(root, 'source.txt'), join(root, 'a.txt')]).status !== 0) {
      console.warn('skipped, because mounting is not permitted here')
      return
    }
    mounts.push(join(root, 'a.txt'))
    await use(root)('edit', { path: 'a.txt', oldText: 'two', newText: 'three' })
    expect(await readFile(join(root, 'source.txt'), 'utf8')).toBe('three')
    expect((await readdir(root)).sort()).toEqual(['a.txt', 'source.txt'])
  })
})
