/** Lists all sessions of the store, with search, filters and sorting. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { SessionSummary } from '../../../store/session-store.ts'
import type { SessionPage } from '../../wire.ts'
import { data, type SessionsAsked } from '../data.ts'
import { hashOf, sessionAt } from '../route.ts'
import { NameChip } from '../shell/icon.tsx'
import { useKeys } from '../shell/keys.ts'
import { Loaded, useLoaded, useTitle } from '../shell/loading.tsx'
import { SearchInput } from '../shell/search-input.tsx'
import { stepFocus } from '../shell/step.ts'
import { ago, count, when } from '../text/format.ts'
import { shownLine } from '../text/plain.tsx'

type Sort = 'updated' | 'created' | 'messages' | 'id'

export function SessionsPage() {
  const [asked, ask] = useState<SessionsAsked>({ q: '', type: '', order: 'updated' })
  const [sort, setSort] = useState<Sort>('updated')
  const [more, setMore] = useState<SessionPage[]>([])
  const types = useRef(new Set<string>())
  const loading = useLoaded(JSON.stringify(asked), () => data.sessions(asked))
  useTitle('Sessions')
  useEffect(() => data.follow(undefined, loading.reload), [asked])
  useEffect(() => setMore([]), [asked])
  const pages = loading.value === undefined ? [] : [loading.value, ...more]
  const sessions = sorted(
    pages.flatMap((page) => page.sessions),
    sort,
  )
  for (const { type } of sessions) if (type !== '') types.current.add(type)
  const next = pages.at(-1)?.after
  useKeys([
    { key: 'j', about: 'next session', run: () => stepFocus('.session-link', 1) },
    { key: 'k', about: 'previous session', run: () => stepFocus('.session-link', -1) },
  ])
  return (
    <div class="page">
      <h1>Sessions</h1>
      <div class="filters" role="search">
        <SearchInput
          label="Search titles and ids"
          about="search"
          value={asked.q}
          change={(q) => ask({ ...asked, q })}
        />
        <label>
          <span class="unseen">Type</span>
          <select value={asked.type} onChange={(event) => ask({ ...asked, type: event.currentTarget.value })}>
            <option value="">all types</option>
            {[...types.current].sort().map((type) => (
              <option value={type}>{type}</option>
            ))}
          </select>
        </label>
        <label>
          <span class="unseen">Order</span>
          <select
            value={sort}
            onChange={(event) => {
              const order = event.currentTarget.value as Sort
              setSort(order)
              ask({ ...asked, order: order === 'id' ? 'id' : 'updated' })
            }}
          >
            <option value="updated">last saved first</option>
            <option value="created">newest first</option>
            <option value="messages">longest first</option>
            <option value="id">by id</option>
          </select>
        </label>
      </div>
      <Loaded of={loading}>
        {() =>
          sessions.length === 0 ? (
            <p class="quiet empty">
              {asked.q === '' ? 'There are no sessions yet.' : 'No session has these words.'}
            </p>
          ) : (
            <ul class="sessions">
              {sessions.map((session) => (
                <Row key={session.id} session={session} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {next !== undefined && (
        <button
          type="button"
          class="more"
          onClick={() =>
            void data.sessions({ ...asked, after: next }).then((page) => setMore([...more, page]))
          }
        >
          Show more
        </button>
      )}
    </div>
  )
}

function Row({ session }: { session: SessionSummary }) {
  const { id, title, type, status, activeBranch, messages, createdAt, updatedAt, problem } = session
  return (
    <li class={problem === undefined ? 'session' : 'session broken'}>
      <a class="session-link" href={hashOf(sessionAt(id))}>
        <span class="session-title">{shownLine(title || id)}</span>
        <span class="session-facts">
          {title !== undefined && title !== '' && <code>{shownLine(id)}</code>}
          {problem === undefined ? (
            <span>{count(messages, 'message')}</span>
          ) : (
            <span class="failed">damaged: {shownLine(problem.message)}</span>
          )}
          {type !== 'session' && type !== '' && <span class="chip">{shownLine(type)}</span>}
          {activeBranch !== 'main' && activeBranch !== '' && <NameChip kind="branch" name={activeBranch} />}
          {status !== undefined && status !== 'idle' && <span class="chip">{shownLine(status)}</span>}
        </span>
      </a>
      <time dateTime={updatedAt} title={`saved ${when(updatedAt)}, begun ${when(createdAt)}`}>
        {ago(updatedAt, Date.now())}
      </time>
    </li>
  )
}

const sorted = (sessions: readonly SessionSummary[], sort: Sort): readonly SessionSummary[] =>
  sort === 'messages'
    ? [...sessions].sort((a, b) => b.messages - a.messages)
    : sort === 'created'
      ? [...sessions].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
      : sessions
