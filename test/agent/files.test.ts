import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText } from '../git/real-git.ts'
import { contentOf, write } from '../workspace/support/folder.ts'
import { setting, temporaryFolder } from './agent-context.ts'

const bash = (command: string) => ({ calls: [{ name: 'bash', input: { command } }] })
const done = { text: 'Done.' }

async function project(script: Parameters<typeof setting>[0], options: Parameters<typeof setting>[1] = {}) {
  const store = new GitSessionStore(join(await temporaryFolder(), 'sessions'))
  const made = await setting(script, { ...options, sessionStore: store })
  write(made.workspace, { 'src/main.ts': 'main()\n', 'docs/guide.md': '# Guide\n' })
  const session = made.agent.session(made.workspace, { sessionId: 'demo' })
  const git = (...args: string[]) => gitText(store.folder, args)
  return { ...made, git, session, store }
}

/** The branch that a rewind makes. */
const branchOf = (id: string): string => `rewind-${id.slice(0, 8)}`

describe('an agent with a git store', () => {
  test('keeps the files with each turn, and goes back in both', async () => {
    const { git, session, workspace } = await project([
      bash('echo 1 > one'),
      done,
      bash('rm -r src'),
      done,
      bash('echo 3 > three'),
      done,
    ])
    const { checkpoint } = await session.send('Make one')
    const first = contentOf(workspace)
    await session.send('Clean up')
    await session.send('Make three')
    const last = contentOf(workspace)
    expect(git('log', '--format=%s', 'demo/_workspace.main').split('\n')).toEqual([
      'Make three',
      'Clean up',
      'Make one',
      'before the turn',
    ])
    expect(await session.workspaceState()).toBe('same')
    const { files, branch } = await session.rewind(checkpoint!.id, { files: true })
    expect(contentOf(workspace)).toEqual(first)
    expect(files).toMatchObject({ written: ['src/main.ts'], deleted: ['three'], kept: [] })
    expect(session.history().length).toBe(4)
    expect(session.branch).not.toBe('main')
    expect(branch).toBe('main')
    expect(await session.workspaceState()).toBe('same')
    const again = await session.rewind('main', { files: true })
    expect(contentOf(workspace)).toEqual(last)
    expect(again.files?.undo).toBe(git('rev-parse', `demo/_workspace.${branchOf(checkpoint!.id)}`))
    expect(session.history().length).toBe(12)
  })

  test('goes back in the files alone, and in the conversation alone', async () => {
    const { session, workspace } = await project([bash('echo 1 > a'), done, bash('echo 2 > a'), done])
    const { checkpoint } = await session.send('one')
    await session.send('two')
    const { id, files } = await session.rewind(checkpoint!.id, { files: true, conversation: false })
    expect(id).toBe(session.checkpoint?.id)
    expect(contentOf(workspace).a).toBe('1\n')
    expect(session.branch).toBe('main')
    expect(await session.workspaceState()).toBe('changed')
    await session.rewind(files!.undo ?? 'main', { files: true, conversation: false })
    expect(contentOf(workspace).a).toBe('2\n')
    await session.rewind(checkpoint!.id)
    expect(contentOf(workspace).a).toBe('2\n')
    expect(session.history().length).toBe(4)
  })

  test('gives what the user changed between two turns a commit of its own', async () => {
    const { git, session, workspace } = await project([bash('echo 1 > a'), done, bash('echo 2 > b'), done])
    await session.send('one')
    write(workspace, { 'docs/guide.md': '# My guide\n' })
    await session.send('two')
    expect(git('log', '-2', '--name-only', '--format=%s', 'demo/_workspace.main')).toBe(
      'two\n\nb\nbefore the turn\n\ndocs/guide.md',
    )
  })

  test('keeps the files before a call that somebody was asked about', async () => {
    const { session, workspace } = await project(
      [{ calls: [...bash('echo 1 > made').calls] }, bash('rm -r src docs made'), done],
      {
        permissionPolicy: { defaultDecision: 'allow', ask: ['bash(rm:*)'] } as never,
        onPermission: () => 'allow',
      },
    )
    const { run } = await session.send('Go')
    expect(contentOf(workspace)).toEqual({})
    const kept = (await session.runEvents(run.id)).filter(({ type }) => type === 'files-kept')
    expect(kept.length).toBe(1)
    await session.rewind(String(kept[0]!.snapshot), { files: true, conversation: false })
    expect(Object.keys(contentOf(workspace))).toEqual(['docs/guide.md', 'made', 'src/main.ts'])
  })

  test('forks into a folder of its own', async () => {
    const { git, session, workspace } = await project([
      bash('echo 1 > a'),
      done,
      bash('echo other > a'),
      done,
    ])
    const { checkpoint } = await session.send('one')
    write(workspace, { a: 'mine' })
    const into = join(await temporaryFolder(), 'other')
    const fork = await session.fork({ at: checkpoint!.id, branch: 'other', into })
    expect(contentOf(into).a).toBe('1\n')
    await fork.send('two')
    expect([contentOf(into).a, contentOf(workspace).a]).toEqual(['other\n', 'mine'])
    expect(git('show', 'demo/_workspace.other:a')).toBe('other')
    writeFileSync(join(workspace, 'x'), '1')
    await expect(session.fork({ branch: 'third', into: workspace })).rejects.toThrow('empty folder')
  })

  test('says after a resume whether the files are those of the checkpoint', async () => {
    const { agent, session, workspace } = await project([bash('echo 1 > a'), done])
    await session.send('one')
    expect(await agent.resumeSession('demo').workspaceState()).toBe('same')
    write(workspace, { a: 'other' })
    expect(await agent.resumeSession('demo').workspaceState()).toBe('changed')
  })

  test('saves the conversation all the same where the files cannot be kept, and says why', async () => {
    const { session, workspace, git } = await project([done, done, bash('rm -r "$PWD"'), done], {
      files: undefined as never,
    })
    const open = session as unknown as { send: typeof session.send }
    write(workspace, Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`f${n}`, `${n}`])))
    const first = await open.send('one')
    expect(first.filesProblem).toBe(undefined)
    await open.send('two')
    rmSync(workspace, { recursive: true })
    const result = await open.send('three').catch((error: unknown) => error)
    expect(result).toMatchObject({ filesProblem: { code: 'STORAGE' } })
    expect(git('log', '--format=%s', '--first-parent', 'demo/main').split('\n')[0]).toBe('three')
  })

  test('leaves a folder alone that has too many files, unless it is asked for them', async () => {
    for (const snapshots of [undefined, 'turn'] as const) {
      const store = new GitSessionStore(join(await temporaryFolder(), 'sessions'))
      const { agent, workspace } = await setting([done, done], { sessionStore: store })
      write(workspace, { a: '1', b: '2', c: '3' })
      const files = { limits: { files: 2 }, ...(snapshots && { snapshots }) }
      const session = agent.session(workspace, { sessionId: 'demo', files })
      expect((await session.send('one')).filesProblem).toMatchObject({ code: 'WORKSPACE_LIMIT' })
      const { filesProblem } = await session.send('two')
      expect(filesProblem === undefined).toBe(snapshots === undefined)
      expect(session.checkpoint?.seq).toBe(2)
    }
  })

  test('keeps them at each step, or not at all, where it is told so', async () => {
    const { agent, server, store, workspace } = await project([bash('echo 1 > a'), done])
    const steps = agent.session(workspace, { sessionId: 's', autoSave: 'step', files: { snapshots: 'step' } })
    const { checkpoint } = await steps.send('one')
    const named: unknown[] = []
    for await (const { id } of store.log('s', { steps: true, at: checkpoint!.id }))
      named.push(await steps.files!.snapshot('s', id).then(() => true))
    expect(named.length).toBeGreaterThan(2)
    server.play([done])
    const none = agent.session(workspace, { sessionId: 'n', files: { snapshots: false } })
    await none.send('one')
    expect(await none.workspaceState()).toBe('unknown')
    expect(readdirSync(workspace)).toContain('a')
  })
})

test('an agent whose store keeps no files says so when it is asked for them', async () => {
  const { agent, workspace } = await setting([done])
  await expect(agent.session(workspace, { files: { snapshots: 'turn' } }).send('one')).rejects.toMatchObject({
    code: 'UNSUPPORTED',
  })
  const session = agent.session(workspace)
  await session.send('one')
  expect(await session.workspaceState()).toBe('unknown')
  await expect(session.rewind('main', { files: true })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  expect(() => agent.session(workspace, { files: { snapshots: 'always' as never } })).toThrow(TypeError)
})
