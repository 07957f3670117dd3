/** How the model of the tests answers: it runs what a prompt asks for, and repeats what it was told. */
import { randomBytes } from 'node:crypto'
import type { ModelRequestSeen, Script } from '../../support/model-server.mjs'
import { arrivedIn, type Item } from './arrived.ts'
import type { Client } from './client.ts'

const RUN = /^Run `(.*)`\.$/m

/** A prompt on which the model runs a command of the shell, then answers. */
export const runPrompt = (command: string): string => `Run \`${command}\`.`

export const answersOf =
  (client: Pick<Client, 'call'>): Script =>
  (request: ModelRequestSeen) => {
    const last = arrivedIn(request)
      .filter((item) => item.kind !== 'text' || (item.role !== 'system' && item.role !== 'developer'))
      .at(-1) as Item
    if (last.kind === 'result') return { text: `It printed: ${last.text.slice(0, 200)}` }
    const prompt = last.kind === 'text' ? last.text : ''
    const [, command] = RUN.exec(prompt) ?? []
    if (command === undefined) return { text: `So be it: ${lastLine(prompt)}` }
    const id = `call_${randomBytes(8).toString('hex')}`
    return { text: `I run ${command}.`, calls: [{ id, ...client.call(command) }] }
  }

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''
