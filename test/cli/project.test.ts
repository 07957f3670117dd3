import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newMessage, newSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { projectAt } from '../../src/workspace/project/project.ts'
import { git } from '../git/real-git.ts'
import { forkpoint, jsonLines, workFolder } from './command-line.ts'

test('sessions are listed, searched and counted by project, wherever the folder is now', async () => {
  const cwd = await workFolder()
  const before = join(cwd, 'before')
  mkdirSync(before)
  git(before, ['init', '-q'])
  writeFileSync(join(before, 'a'), 'a')
  git(before, ['add', 'a'])
  git(before, ['commit', '-qm', 'a'])
  const project = await projectAt(before)
  const store = new GitSessionStore(join(cwd, 'sessions'))
  const save = (id: string, workspace: string, metadata = {}) =>
    store.save(newSession(id, { workspace, metadata, messages: [newMessage('user', 'Where is the lexer?')] }))
  await save('one', before, { project })
  await save('two', '/Users/ann/elsewhere', { project })
  await save('three', '/home/bob/other')
  await store.close()
  renameSync(before, join(cwd, 'after'))
  const idsOf = async (...args: string[]) => {
    const { stdout } = await forkpoint([...args, '--json'], { cwd })
    return jsonLines(stdout).map((one) => (one as { id?: string; session?: string }).id ?? one)
  }
  expect((await idsOf('list', '--project', 'after')).sort()).toEqual(['one', 'two'])
  expect(await idsOf('list', '--project', '/home/bob')).toEqual(['three'])
  const found = await forkpoint(['search', 'lexer', '--project', 'after', '--json'], { cwd })
  expect(
    jsonLines(found.stdout)
      .map((one) => (one as { session: string }).session)
      .sort(),
  ).toEqual(['one', 'two'])
  const counted = await forkpoint(['stats', '--by', 'project', '--json'], { cwd })
  const rows = jsonLines(counted.stdout).map((row) => (row as { sessions: number }).sessions)
  expect(rows.sort()).toEqual([1, 2])
})
