// @ts-check
/** A review over several days: two ideas on two branches from one point, and a way back. */
import { join } from 'node:path'
import { Agent, GitSessionStore } from 'forkpoint'
import { withModel } from './support/scripted-model.js'
import { inTemporaryFolder } from './temporary-folder.js'

const script = [
  { text: 'The login module keeps its sessions in memory.' },
  { text: 'Redis would be quick, and one more thing to run.' },
  { text: 'Postgres is there already; a table and an index will do.' },
  { text: 'Then let us write the migration.' },
]

await inTemporaryFolder((folder) =>
  withModel(script, async (config) => {
    const sessionStore = new GitSessionStore(join(folder, 'sessions'))
    const agent = await Agent.create(config, { sessionStore })

    console.log('Monday')
    const monday = agent.session(folder, { sessionId: 'login-review' })
    await monday.send('Where does login keep its sessions?')
    await monday.send('What about Redis?')

    console.log('Tuesday: the same question again, with another idea, from before Redis came up')
    const tuesday = agent.resumeSession('login-review', { at: 'main~1', branch: 'postgres' })
    await tuesday.send('What about Postgres?')

    console.log('Wednesday: Postgres it is')
    const wednesday = agent.resumeSession('login-review', { branch: 'postgres' })
    await wednesday.send('Good. Go on.')

    for (const branch of ['main', 'postgres']) {
      console.log(`\n${branch}`)
      const session = await agent.resumeSessionAsync('login-review', { branch })
      for (const { id, subject } of await session.checkpoints()) console.log(`  ${id.slice(0, 8)} ${subject}`)
    }
    const diff = await wednesday.diff('main', 'postgres')
    console.log(
      `\n${diff.messages.removed.length} messages only on main, ${diff.messages.added.length} only on postgres`,
    )

    // Nothing is lost by going back: the branch stays, another one starts.
    const back = await wednesday.rewind('postgres~1')
    console.log(`back at '${back.subject}', now on ${wednesday.branch}`)
    await sessionStore.close()
  }),
)
