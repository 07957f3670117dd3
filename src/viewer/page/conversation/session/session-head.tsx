/** The head of each page of a session: facts about the session, and links to its other pages. */
import { useState } from 'preact/hooks'
import type { SessionView } from '../../../wire.ts'
import { data } from '../../data.ts'
import { go, hashOf, sessionAt } from '../../route.ts'
import { Icon } from '../../shell/icon.tsx'
import { Problem, useLoaded } from '../../shell/loading.tsx'
import { cost, count, duration, short, shortId } from '../../text/format.ts'
import { shownLine } from '../../text/plain.tsx'

export type Tab = 'conversation' | 'branches' | 'replay' | 'compare'

interface SessionHeadProps {
  view: SessionView
  tab: Tab
  reload: () => void
}

export function SessionHead({ view, tab, reload }: SessionHeadProps) {
  const { session, title, type, model, status, turns, messages, runs, branch, tip, exact, forkedFrom } = view
  const tokens = turns.reduce((sum, turn) => sum + turn.tokens, 0)
  const paid = turns.reduce((sum, turn) => sum + (turn.cost ?? 0), 0)
  const took = turns.reduce((sum, turn) => sum + turn.duration, 0)
  const failed = turns.reduce((sum, turn) => sum + turn.failed, 0)
  const run = turns.at(-1)?.run ?? runs.at(-1)?.id
  const before = turns.at(-2) ?? turns[0]
  return (
    <header class="session-head">
      <div class="session-name">
        <h1>{shownLine(title || session)}</h1>
        <p class="facts">
          {title !== undefined && title !== '' && <code>{shownLine(session)}</code>}
          {type !== 'session' && <span class="chip">{shownLine(type)}</span>}
          {status !== undefined && status !== 'idle' && <span class="chip">{shownLine(status)}</span>}
          {model !== undefined && <span>{shownLine(model)}</span>}
          <span>{count(turns.length, 'turn')}</span>
          <span>{count(messages, 'message')}</span>
          {tokens > 0 && <span>{short(tokens)} tokens</span>}
          {turns.some((turn) => turn.cost !== undefined) && <span>{cost(paid)}</span>}
          {took > 0 && <span>{duration(took)} of work</span>}
          {failed > 0 && <span class="failed">{failed} failed</span>}
          {forkedFrom !== undefined && !data.alone && (
            <a href={hashOf(sessionAt(forkedFrom.session, shortId(forkedFrom.checkpoint)))}>
              forked from {shownLine(forkedFrom.session)}
            </a>
          )}
        </p>
      </div>
      {exact && (
        <p class="note">
          As it was at <code>{shortId(tip)}</code>.{' '}
          <a href={hashOf(sessionAt(session, shortId(tip)))}>Show what came after</a>
        </p>
      )}
      {!data.alone && (
        <nav class="tabs" aria-label="views of the session">
          <BranchChoice view={view} reload={reload} />
          <Tab
            name="conversation"
            tab={tab}
            href={hashOf(sessionAt(session, exact ? shortId(tip) : (branch ?? ''), exact))}
          />
          <Tab name="branches" tab={tab} href={hashOf({ view: 'branches', session })} />
          {run !== undefined && (
            <Tab name="replay" tab={tab} href={hashOf({ view: 'replay', session, run })} />
          )}
          <Tab
            name="compare"
            tab={tab}
            href={hashOf({
              view: 'compare',
              from: { session, at: shortId(before?.id ?? tip) },
              to: { session, at: branch ?? shortId(tip) },
            })}
          />
        </nav>
      )}
    </header>
  )
}

function Tab({ name, tab, href }: { name: Tab; tab: Tab; href: string }) {
  return (
    <a class="tab" href={href} aria-current={name === tab ? 'page' : undefined}>
      {name[0]!.toUpperCase() + name.slice(1)}
    </a>
  )
}

function BranchChoice({ view, reload }: Pick<SessionHeadProps, 'view' | 'reload'>) {
  const { session, branches, branch, exact, tip } = view
  const info = useLoaded('info', () => data.info())
  const [error, setError] = useState<unknown>()
  const shown = branches.find(({ name }) => name === branch)
  const isActive = shown?.active === true
  return (
    <span class="branch-choice">
      <label>
        <Icon name="branch" />
        <span class="unseen">Branch</span>
        <select value={branch ?? ''} onChange={(event) => go(sessionAt(session, event.currentTarget.value))}>
          {branch === undefined || exact ? <option value="">at {shortId(tip)}</option> : null}
          {branches.map(({ name, active }) => (
            <option value={name}>
              {shownLine(name)}
              {active ? ' (active)' : ''}
            </option>
          ))}
        </select>
      </label>
      {info.value?.writable === true && shown !== undefined && !isActive && (
        <button
          type="button"
          class="small"
          onClick={() => void data.change('switch', { session, name: shown.name }).then(reload, setError)}
        >
          Make active
        </button>
      )}
      {error !== undefined && <Problem error={error} />}
    </span>
  )
}
