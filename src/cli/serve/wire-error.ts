/** Makes JSON-RPC errors: a number for the kind of failure, and forkpoint's error as data. */
import { ZodError } from 'zod'
import { turnOf } from '../../agent/index.ts'
import { ForkpointError } from '../../errors.ts'

export const CODE = {
  notJson: -32700,
  notARequest: -32600,
  unknownMethod: -32601,
  wrongParams: -32602,
  unexpected: -32603,
  /** An error of forkpoint; `data.code` says which. */
  forkpoint: -32000,
} as const

export interface WireError {
  code: number
  message: string
  data: Record<string, unknown>
}

/** An invalid message, an unknown method, or invalid parameters. */
export class ProtocolError extends Error {
  readonly code: number
  readonly data: Record<string, unknown>

  constructor(code: number, message: string, data: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.data = data
  }
}

/** Returns what the client is told. `data.name` and `data.code` are those of the table of errors. */
export function wireErrorOf(error: unknown): WireError {
  const turn = turnOf(error)
  const more = turn === undefined ? {} : { turn }
  const { code, message, data } = kindOf(error)
  return { code, message, data: { ...data, ...more } }
}

function kindOf(error: unknown): WireError {
  if (error instanceof ProtocolError) {
    const { code, message, data } = error
    return { code, message, data: { name: 'ProtocolError', code: 'PROTOCOL', ...data } }
  }
  if (error instanceof ForkpointError) {
    const { message } = error
    return { code: CODE.forkpoint, message, data: { ...error, name: error.name, code: error.code } }
  }
  if (error instanceof ZodError) {
    const issues = error.issues.map(({ path, message }) => ({ path: path.map(String), message }))
    const first = issues[0]
    const where = first === undefined || first.path.length === 0 ? '' : ` at ${first.path.join('.')}`
    const message = `The parameters are not valid${where}: ${first?.message ?? 'unknown'}.`
    return { code: CODE.wrongParams, message, data: { name: 'TypeError', code: 'TYPE', issues } }
  }
  if (error instanceof TypeError) {
    return {
      code: CODE.wrongParams,
      message: error.message,
      data: { name: 'TypeError', code: 'TYPE', issues: [] },
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: CODE.unexpected, message, data: { name: 'Error', code: 'UNEXPECTED' } }
}
