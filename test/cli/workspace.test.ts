import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { contentOf, write } from '../workspace/support/folder.ts'
import { forkpointHere, workFolder } from './command-line.ts'

let cwd: string
let project: string
beforeAll(async () => {
  cwd = await workFolder()
  project = join(cwd, 'project')
  const store = new GitSessionStore(join(cwd, 'sessions'))
  const files = () => store.files(project)
  const message = (id: string) => ({
    id,
    role: 'user' as const,
    content: id,
    createdAt: new Date().toISOString(),
  })
  write(project, { 'src/main.ts': 'main()\n', 'bin/run': '#!/bin/sh\n', note: 'one\n', link: '-> note' })
  const fields = { messages: [message('one')], workspace: project }
  await store.save(newSession('demo', fields as never), { files: files() })
  write(project, { note: 'two\n', 'src/main.ts': undefined, new: '1\n' })
  await store.append('demo', { messages: [message('two')] }, { files: files(), expected: 'any' })
  await store.append('demo', { messages: [message('three')] }, { files: files(), expected: 'any' })
  await store.save(newSession('loose', { messages: [message('y')] } as never), { files: files() })
  await store.save(newSession('bare', { messages: [message('x')] } as never))
  await store.close()
})

const run = (...args: string[]) => forkpointHere(args, { cwd })

test('files lists, prints one, and shows what a turn changed', async () => {
  const listed = await run('files', 'demo/main~2')
  expect(listed.stdout).toBe('bin/run (executable)\nlink (link)\nnote\nsrc/main.ts\n')
  expect((await run('files', 'demo~2', 'src/main.ts')).stdout).toBe('main()\n')
  expect((await run('files', 'demo~1', '--stat')).stdout).toBe('A new\nM note\nD src/main.ts\n')
  expect((await run('files', 'demo', '--stat')).stdout).toBe('')
  expect((await run('files', 'demo~1', '--diff')).stdout).toContain('-one\n+two\n')
  expect((await run('files', 'demo~2', '--diff')).stdout).toContain('new file mode 100755')
  const { files, snapshot } = JSON.parse((await run('files', 'demo', '--json')).stdout)
  expect(snapshot).toMatch(/^[0-9a-f]{40}$/)
  expect(files[0]).toMatchObject({ path: 'bin/run', kind: 'executable' })
})

test('files of a checkpoint without any, and of what is not there, is not found', async () => {
  expect(await run('files', 'bare')).toMatchObject({ code: 4 })
  expect(await run('files', 'demo', 'no such file')).toMatchObject({ code: 4 })
  expect(await run('files', 'demo', 'note', '--stat')).toMatchObject({ code: 2 })
})

test('show tells what a turn did to the files', async () => {
  expect((await run('show', 'demo~1', '--patch')).stdout).toContain('+two')
  expect((await run('show', 'bare', '--patch')).stderr).toContain('no files were saved with this checkpoint')
  expect((await run('show', 'demo~1')).stdout).toContain('A new\nM note\nD src/main.ts\n')
  expect(JSON.parse((await run('show', 'demo~1', '--json')).stdout).files).toMatchObject({ added: ['new'] })
  expect((await run('show', 'bare')).stdout).not.toContain('files')
})

test('restore shows what it would do, does it, and says how to undo it', async () => {
  const before = contentOf(project)
  const dry = await run('restore', 'demo/main~2', '--dry-run')
  expect(dry.stdout).toBe('A src/main.ts\nM note\nD new\n')
  expect(dry.stderr).toContain('Would restore 3 files')
  expect(contentOf(project)).toEqual(before)
  const done = await run('restore', 'demo/main~2')
  expect(done.stdout).toBe(dry.stdout)
  expect(readFileSync(join(project, 'note'), 'utf8')).toBe('one\n')
  const [, undo = ''] = /To undo: forkpoint restore (\S+)/.exec(done.stderr) ?? []
  expect(undo).toMatch(/^demo\/[0-9a-f]{40}$/)
  expect((await run('restore', undo)).code).toBe(0)
  expect(contentOf(project)).toEqual(before)
})

test('restore takes some paths, and another folder', async () => {
  const some = await run('restore', 'demo~2', 'src/', '--json')
  expect(JSON.parse(some.stdout)).toMatchObject({ written: ['src/main.ts'], changed: [], workspace: project })
  const elsewhere = join(cwd, 'elsewhere')
  expect(await run('restore', 'demo', '--workspace', elsewhere)).toMatchObject({ code: 2 })
  expect(existsSync(elsewhere)).toBe(false)
  write(elsewhere, { mine: '1' })
  writeFileSync(join(elsewhere, 'note'), 'mine')
  const { stderr } = await run('restore', 'demo', 'note', '--workspace', elsewhere)
  expect(stderr).toMatch(/To undo: forkpoint restore demo\/[0-9a-f]{40} --workspace \S*elsewhere/)
  expect(contentOf(elsewhere)).toEqual({ mine: '1', note: 'two\n' })
})

test('restore of a session without a workspace asks for the folder, if there are files to restore', async () => {
  expect(await run('restore', 'loose')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--workspace'),
  })
  expect(await run('restore', 'bare')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('no snapshot'),
  })
})
