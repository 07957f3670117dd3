/** Decides on tool calls: the policy first, then the `onPermission` handler. */
import type { OpenCall } from '../history/open-calls.ts'
import type { Decisions, PermissionAnswer } from '../permissions/asking.ts'
import type { Subject, Verdict } from '../permissions/permissions.ts'
import { BUILTIN_TOOLS } from '../tools/index.ts'
import { untilAborted } from '../until-aborted.ts'
import type { PermissionAsked, PermissionDecided } from './events.ts'
import type { TurnContext } from './open-session.ts'
import type { Recorder } from './recorder.ts'

export interface Ruling {
  decision: PermissionAnswer
  /** The result of a refused call, for the model. */
  reason: string
  /** Whether somebody had to decide, because the policy did not. */
  isAsked: boolean
}

export class Judge {
  readonly #context: TurnContext
  readonly #decisions: Decisions
  readonly #deferred: ReadonlySet<string>

  /** @param deferred calls that were deferred before: without an answer they keep waiting instead of being refused */
  constructor(context: TurnContext, decisions: Decisions, deferred: ReadonlySet<string>) {
    this.#context = context
    this.#decisions = decisions
    this.#deferred = deferred
  }

  async decide(call: OpenCall & { value: unknown }, recorder: Recorder): Promise<Ruling> {
    const { call: id, tool, input } = call
    const verdict = await this.#verdict(call)
    const decided = (
      decision: PermissionAnswer,
      by: PermissionDecided['by'],
      reason: string | undefined,
      rule: string | undefined = verdict.rule,
    ): Ruling => {
      const event: PermissionDecided = { type: 'permission-decided', call: id, tool, decision, by }
      if (rule !== undefined) event.rule = rule
      if (reason !== undefined) event.reason = reason
      recorder.add(event)
      const isAsked = verdict.decision === 'ask'
      return { decision, reason: reason ?? 'The policy does not permit this call.', isAsked }
    }
    if (verdict.decision !== 'ask') {
      const reason = verdict.decision === 'deny' ? refusal(verdict) : undefined
      return decided(verdict.decision, verdict.by, reason)
    }
    const given = Object.hasOwn(this.#decisions, id) ? this.#decisions[id] : undefined
    if (given !== undefined) {
      const { decision, reason } = typeof given === 'string' ? { decision: given, reason: undefined } : given
      return decided(
        decision,
        'decision',
        reason ?? (decision === 'deny' ? 'The user refused this call.' : undefined),
      )
    }
    const asked: PermissionAsked = { type: 'permission-asked', call: id, tool, input }
    if (verdict.rule !== undefined) asked.rule = verdict.rule
    recorder.add(asked)
    const { request, signal } = this.#context
    if (request.onPermission === undefined) {
      if (this.#deferred.has(id)) return decided('defer', 'no-handler', 'no decision was given')
      return decided('deny', 'no-handler', 'This call needs a permission, but there is no one to ask.')
    }
    const answered = request.onPermission({
      session: request.id,
      run: recorder.run,
      call: id,
      tool,
      input,
      rule: verdict.rule,
      signal,
    })
    // A handler that waits for a person must not keep a cancelled turn from ending.
    const answer = parseAnswer(await untilAborted(Promise.resolve(answered), signal, () => 'deny' as const))
    const reason = answer.reason ?? (answer.decision === 'deny' ? 'The user refused this call.' : undefined)
    return decided(answer.decision, 'handler', reason)
  }

  /** Whether the policy allows a tool to read a file incidentally; only denied files are excluded. */
  mayRead(name: string): boolean {
    const { permissions, workspace } = this.#context
    const paths = workspace.names(name)
    return (
      paths !== undefined && permissions.decide({ tool: 'read', kind: 'path', paths }).decision !== 'deny'
    )
  }

  async #verdict(call: OpenCall & { value: unknown }): Promise<Verdict> {
    const verdict = this.#context.permissions.decide(this.#subject(call))
    const needsApproval = this.#context.tools[call.tool]?.needsApproval
    if (needsApproval === undefined || needsApproval === false) return verdict
    if (verdict.decision !== 'allow' || verdict.by !== 'default') return verdict
    const needed =
      needsApproval === true ||
      (await needsApproval(call.value, {
        toolCallId: call.call,
        messages: [],
        experimental_context: undefined,
      }))
    return needed ? { decision: 'ask', by: 'default' } : verdict
  }

  #subject({ tool, input, value }: OpenCall & { value: unknown }): Subject {
    const { tools, workspace } = this.#context
    const kind = tools[tool] === undefined ? BUILTIN_TOOLS[tool]?.subject : undefined
    const { path = '.', command = '' } = value as { path?: string; command?: string }
    if (kind === 'command') return { tool, kind, command }
    // A path outside the workspace has no name here; the tool itself refuses it.
    if (kind === 'path') return { tool, kind, paths: workspace.names(path) ?? [path] }
    return { tool, kind: 'input', text: JSON.stringify(input) ?? '' }
  }
}

function refusal({ rule }: Verdict): string {
  return rule === undefined
    ? 'The policy does not permit this call.'
    : `The policy does not permit this call (${rule}).`
}

/** An invalid answer means deny. */
function parseAnswer(answer: unknown): { decision: PermissionAnswer; reason?: string } {
  const { decision, reason } = (typeof answer === 'string' ? { decision: answer } : (answer ?? {})) as {
    decision?: unknown
    reason?: unknown
  }
  const known = decision === 'allow' || decision === 'deny' || decision === 'defer'
  return {
    decision: known ? decision : 'deny',
    reason: typeof reason === 'string' ? reason : undefined,
  }
}
