import { Agent, FileSessionStore } from 'forkpoint'

const agent = await Agent.create('config.acl')
const session = agent.resumeSession('my-project-review', {
  sessionStore: new FileSessionStore('./sessions'),
})

const runs = await session.runs()
for (const run of runs) {
  console.log(`Run ${run.prompt}: ${run.status}`)
  const events = await session.runEvents(run.id)
  for (const event of events) console.log(`  ${event.sequence} ${event.type}`)
}
