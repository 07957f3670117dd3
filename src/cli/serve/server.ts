/** The server: reads calls, runs them concurrently, and stops when its input ends. */

import * as z from 'zod'
import type { SignOptions } from '../../checkpoints/signing.ts'
import { agentMethods } from './agent-methods.ts'
import { type Call, Connection, type RequestId } from './connection.ts'
import { linesOf } from './lines.ts'
import { type Method, method, name } from './method.ts'
import { storeMethods } from './store-methods.ts'
import { Things } from './things.ts'
import { CODE, ProtocolError } from './wire-error.ts'

/** The protocol version. It is raised when something that clients rely on changes. */
const PROTOCOL = 1
/** Most bytes of one message. */
const LONGEST_LINE = 256 * 1024 * 1024

export interface ServeOptions {
  version: string
  /** How git stores sign checkpoints. */
  sign?: SignOptions | undefined
  longestLine?: number
}

/** All methods, by name. */
const METHODS: Readonly<Record<string, Method>> = { ...storeMethods, ...agentMethods }

/** Serves one client. Resolves when its input has ended, all calls are done and every store is closed. */
export async function serve(
  input: AsyncIterable<Uint8Array>,
  output: NodeJS.WritableStream,
  { version, sign, longestLine = LONGEST_LINE }: ServeOptions,
): Promise<void> {
  const things = new Things()
  const running = new Map<RequestId, AbortController>()
  const work = new Set<Promise<void>>()
  let isLost = false
  const client = new Connection(output, () => {
    isLost = true
    for (const abort of running.values()) abort.abort()
  })
  const methods: Readonly<Record<string, Method>> = {
    ...METHODS,
    hello: method({ protocol: z.number().optional(), client: name.optional() }, ({ protocol = PROTOCOL }) => {
      if (protocol !== PROTOCOL) {
        throw new ProtocolError(
          CODE.wrongParams,
          `The server speaks protocol ${PROTOCOL} (forkpoint ${version}), but the client speaks ${protocol}. Install the same version on both sides.`,
        )
      }
      return { protocol: PROTOCOL, version, node: process.versions.node, methods: Object.keys(methods) }
    }),
    $cancel: method({ id: z.union([z.string(), z.number()]) }, ({ id }) => {
      const found = running.get(id)
      found?.abort()
      return found !== undefined
    }),
  }

  const take = async ({ id, method: called, params }: Call): Promise<void> => {
    const abort = new AbortController()
    if (id !== undefined) running.set(id, abort)
    try {
      const found = Object.hasOwn(methods, called) ? methods[called] : undefined
      if (found === undefined) {
        throw new ProtocolError(CODE.unknownMethod, `There is no method '${called}'.`)
      }
      const result = await found.run(params, { things, client, sign, request: id, signal: abort.signal })
      if (id !== undefined) await client.respond(id, result)
    } catch (error) {
      if (id !== undefined) await client.refuse(id, error)
    } finally {
      if (id !== undefined) running.delete(id)
    }
  }
  const receive = (text: string): void => {
    const call = client.receive(text)
    if (call === undefined) return
    if (call.id !== undefined && running.has(call.id)) {
      throw new ProtocolError(CODE.notARequest, `A request with the id ${call.id} is still running.`)
    }
    const done: Promise<void> = take(call).finally(() => work.delete(done))
    work.add(done)
  }

  for await (const line of linesOf(input, longestLine)) {
    if (isLost) break
    try {
      if (!('text' in line)) {
        const most = line.problem === 'too long' ? `; a message has at most ${longestLine} bytes` : ''
        throw new ProtocolError(CODE.notARequest, `The line is ${line.problem}${most}.`)
      }
      receive(line.text)
    } catch (error) {
      const request =
        error instanceof ProtocolError ? (error.data.request as RequestId | undefined) : undefined
      await client.refuse(request ?? null, error)
    }
  }
  client.endInput()
  for (const abort of running.values()) abort.abort()
  await Promise.all(things.all('agent').map((agent) => agent.close()))
  while (work.size > 0) await Promise.all(work)
  await Promise.allSettled(things.all('store').map((store) => store.close()))
}
