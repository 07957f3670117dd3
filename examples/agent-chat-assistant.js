// @ts-check
/** A chat assistant: many users, one store, one session each, all at once. */
import { join } from 'node:path'
import { Agent, GitSessionStore } from 'forkpoint'
import { withModel } from './support/scripted-model.js'
import { inTemporaryFolder } from './temporary-folder.js'

const USERS = 20

await inTemporaryFolder((folder) =>
  withModel(
    // Each user hears their own question back, and how much has been said before.
    ({ body }) => {
      const said = body.messages.filter((/** @type {{ role: string }} */ { role }) => role === 'user')
      return { text: `You asked '${said.at(-1).content}' (question ${said.length}).` }
    },
    async (config) => {
      const sessionStore = new GitSessionStore(join(folder, 'sessions'))
      const agent = await Agent.create(config, {
        sessionStore,
        systemPrompt: 'You are brief.',
        // Nobody's chat runs a tool.
        permissionPolicy: { defaultDecision: 'deny' },
      })
      /** What a web server would do for a request. @param {string} user @param {string} question */
      const answer = async (user, question) => {
        const session = agent.session(folder, { sessionId: `chat/${user}`, ifExists: 'resume' })
        return (await session.send(question)).text
      }
      const users = Array.from({ length: USERS }, (_, index) => `user-${index + 1}`)
      await Promise.all(users.map((user) => answer(user, 'What is new?')))
      const answers = await Promise.all(users.map((user) => answer(user, `And for ${user}?`)))
      console.log(answers[0])
      console.log(answers.at(-1))

      const sessions = await agent.listSessions({ prefix: 'chat/' })
      console.log(
        `${sessions.length} chats, ${sessions.reduce((sum, { messages }) => sum + messages, 0)} messages`,
      )
      await sessionStore.close()
    },
  ),
)
