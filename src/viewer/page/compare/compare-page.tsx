/** Shows the comparison of two checkpoints. */
import { useState } from 'preact/hooks'
import type { FieldChange } from '../../../store/session-store.ts'
import type { ComparedRow, Comparison } from '../../wire.ts'
import { MessageView } from '../conversation/message/message-view.tsx'
import type { Place } from '../conversation/place.ts'
import { titleOf } from '../conversation/turns/turn-head.tsx'
import { data } from '../data.ts'
import { go, hashOf, type Route, type Spot, sessionAt } from '../route.ts'
import { Icon } from '../shell/icon.tsx'
import { useKeys } from '../shell/keys.ts'
import { Loaded, useLoaded, useTitle } from '../shell/loading.tsx'
import { stepFocus } from '../shell/step.ts'
import { count, shortId, when } from '../text/format.ts'
import { shownLine } from '../text/plain.tsx'
import { ChangedMessage } from './changed-message.tsx'
import { SpotInput } from './spot-input.tsx'

export function ComparePage({ from, to }: Extract<Route, { view: 'compare' }>) {
  const loading = useLoaded(JSON.stringify([from, to]), () => data.compare(from, to))
  const swap = () => go({ view: 'compare', from: to, to: from })
  useKeys([
    { key: 's', about: 'swap both sides', run: swap },
    { key: 'j', about: 'next difference', run: () => stepFocus('.difference', 1, 'center') },
    { key: 'k', about: 'previous difference', run: () => stepFocus('.difference', -1, 'center') },
  ])
  useTitle(`${spotText(from)} and ${spotText(to)}`)
  return (
    <div class="compare-page">
      <h1>Compare</h1>
      <div class="spots">
        <SpotInput label="Before" spot={from} choose={(spot) => go({ view: 'compare', from: spot, to })} />
        <button type="button" class="plain-button" onClick={swap} title="Swap (s)">
          <Icon name="compare" />
          <span class="unseen">Swap both sides</span>
        </button>
        <SpotInput label="After" spot={to} choose={(spot) => go({ view: 'compare', from, to: spot })} />
      </div>
      <Loaded of={loading}>{(comparison) => <Differences comparison={comparison} />}</Loaded>
    </div>
  )
}

function Differences({ comparison: { from, to, rows, fields } }: { comparison: Comparison }) {
  const [all, showAll] = useState(false)
  const sides = [from, to].map(({ session, checkpoint }) => ({
    session,
    checkpoint,
    place: { session, tip: checkpoint.id, at: shortId(checkpoint.id), exact: true } satisfies Place,
  }))
  const [left, right] = [sides[0]!, sides[1]!]
  const numbers = { added: 0, removed: 0, changed: 0, same: 0 }
  for (const row of rows) numbers[row.kind] += row.kind === 'same' ? row.count : 1
  const shown = all ? rows : rows.slice(0, SHOWN)
  return (
    <>
      <p class="facts totals" role="status">
        <span class="added">{count(numbers.added, 'message')} added</span>
        <span class="removed">{numbers.removed} removed</span>
        <span>{numbers.changed} changed</span>
        <span>{numbers.same} the same</span>
      </p>
      <div class="sides heads">
        {sides.map(({ session, checkpoint }) => (
          <a class="side-head" href={hashOf(sessionAt(session, shortId(checkpoint.id)))}>
            <strong>{shownLine(titleOf(checkpoint))}</strong>
            <span class="facts">
              {shownLine(session)} <code>{shortId(checkpoint.id)}</code> {when(checkpoint.createdAt)}
            </span>
          </a>
        ))}
      </div>
      {shown.map((row, index) => (
        <RowView key={index} row={row} left={left.place} right={right.place} />
      ))}
      {shown.length < rows.length && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          Show {rows.length - shown.length} more rows
        </button>
      )}
      {rows.every(({ kind }) => kind === 'same') && fields.length === 0 && (
        <p class="quiet empty">No differences.</p>
      )}
      {fields.length > 0 && <Fields fields={fields} />}
    </>
  )
}

const SHOWN = 200

function RowView({ row, left, right }: { row: ComparedRow; left: Place; right: Place }) {
  switch (row.kind) {
    case 'same':
      return <p class="same-row">{count(row.count, 'message')} the same</p>
    case 'added':
      return (
        <div class="sides difference" tabIndex={-1}>
          <div class="nothing" />
          <div class="new">
            <MessageView message={row.after} place={right} />
          </div>
        </div>
      )
    case 'removed':
      return (
        <div class="sides difference" tabIndex={-1}>
          <div class="old">
            <MessageView message={row.before} place={left} />
          </div>
          <div class="nothing" />
        </div>
      )
    case 'changed':
      return (
        <div class="difference" tabIndex={-1}>
          <ChangedMessage before={row.before} after={row.after} left={left} right={right} />
          <details class="changed-fields">
            <summary>{count(row.fields.length, 'changed field')}</summary>
            <Fields fields={row.fields} />
          </details>
        </div>
      )
  }
}

function Fields({ fields }: { fields: readonly FieldChange[] }) {
  return (
    <div class="table" role="group" aria-label="fields" tabIndex={0}>
      <table class="fields">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((change) => (
            <tr>
              <td>
                <code>{shownLine(change.path.join('.'))}</code>
              </td>
              <td class="removed">{'before' in change ? valueText(change.before) : ''}</td>
              <td class="added">{'after' in change ? valueText(change.after) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const valueText = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return shownLine(text.length > 600 ? `${text.slice(0, 600)}…` : text)
}

const spotText = ({ session, at }: Spot): string => (at === '' ? session : `${session}/${at}`)
