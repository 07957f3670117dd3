// @ts-check
/** An agent deletes the wrong folder. The session goes back with its files, tries another way, and git compares both. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, GitSessionStore } from 'forkpoint'
import { withModel } from './support/scripted-model.js'
import { inTemporaryFolder } from './temporary-folder.js'

/** @param {string} command */
const bash = (command) => ({ calls: [{ name: 'bash', input: { command } }] })
const AUTHOR = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com']
const script = [
  bash("echo 'export const port = 80' > src/config.js"),
  { text: 'The port is in src/config.js now.' },
  bash('rm -r src'),
  { text: 'I removed the old build.' },
  bash('mkdir src && echo "// to be written" > src/main.js'),
  { text: 'src was missing, so I made an empty one.' },
  bash("echo 'The build is gone.' > NOTES.md"),
  { text: 'I wrote a note.' },
  bash('rm -r build'),
  { text: 'I removed build/, and left src/ alone.' },
]

await inTemporaryFolder((folder) =>
  withModel(script, async (config) => {
    const project = join(folder, 'project')
    for (const name of ['src', 'build']) mkdirSync(join(project, name), { recursive: true })
    writeFileSync(join(project, 'src/main.js'), "import { port } from './config.js'\n")
    writeFileSync(join(project, 'build/main.js'), 'old\n')
    for (const args of [
      ['init', '-q'],
      ['add', '-A'],
      [...AUTHOR, 'commit', '-qm', 'start'],
    ])
      execFileSync('git', args, { cwd: project })

    const sessionStore = new GitSessionStore(join(folder, 'sessions'))
    const agent = await Agent.create(config, {
      sessionStore,
      permissionPolicy: { defaultDecision: 'allow' },
    })
    const session = agent.session(project, { sessionId: 'cleanup' })
    await session.send('Put the port into a file of its own.')
    await session.send('Remove the old build.')
    await session.send('Go on.')
    await session.send('Write a note about it.')
    console.log(`src/config.js is there: ${existsSync(join(project, 'src/config.js'))}`)

    // Three turns back, in both: on a branch of its own, with what is there now kept.
    const { files } = await session.rewind('main~3', { files: true, branch: 'careful' })
    console.log(`went back: ${[...(files?.written ?? []), ...(files?.changed ?? [])].join(', ')}`)
    console.log(`src/config.js is there: ${existsSync(join(project, 'src/config.js'))}`)
    await session.send('Remove the old build: the folder build/, nothing else.')
    await sessionStore.close()

    /** @param {string[]} args */
    const git = (...args) => execFileSync('git', args, { cwd: project, encoding: 'utf8' }).trimEnd()
    const store = ['--git-dir', sessionStore.folder]
    console.log('\nWhat each turn of the first way did to the files:')
    console.log(git(...store, 'log', '--format=%s', '--name-status', 'cleanup/_workspace.main'))
    console.log('\nThe first way and the second:')
    console.log(git(...store, 'diff', '--stat', 'cleanup/_workspace.main', 'cleanup/_workspace.careful'))

    // The same work in the project's own repository, as a commit there: the last turn of the second way.
    git('fetch', '--quiet', sessionStore.folder, 'cleanup/_workspace.careful')
    git('checkout', '--quiet', '--force', 'HEAD')
    git(...AUTHOR, 'cherry-pick', 'FETCH_HEAD')
    console.log('\nPicked into the repository of the project:')
    console.log(git('log', '-1', '--format=%s', '--name-status'))
  }),
)
