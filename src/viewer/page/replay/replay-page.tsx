/** Replays a run, step by step or in real time. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { RunInfo, RunView, SessionView } from '../../wire.ts'
import { MessageView } from '../conversation/message/message-view.tsx'
import type { Place } from '../conversation/place.ts'
import { SessionTab } from '../conversation/session/session-tab.tsx'
import { data } from '../data.ts'
import { go, type Route } from '../route.ts'
import { Icon } from '../shell/icon.tsx'
import { useKeys } from '../shell/keys.ts'
import { Loaded, useLoaded } from '../shell/loading.tsx'
import { clockOf, count, duration, short, when } from '../text/format.ts'
import { Plain, shownLine } from '../text/plain.tsx'
import { heardUntil, pauseAfter } from './heard.ts'

export function ReplayPage({ session, run }: Extract<Route, { view: 'replay' }>) {
  return (
    <SessionTab session={session} tab="replay" about="Replay">
      {(view) => <RunLoader view={view} run={run} />}
    </SessionTab>
  )
}

function RunLoader({ view, run }: { view: SessionView; run: string }) {
  const loading = useLoaded(`${view.tip} ${run}`, () => data.run(view.session, view.tip, run))
  return (
    <div class="replay-page">
      <label class="run-choice">
        Run{' '}
        <select
          value={run}
          onChange={(event) => go({ view: 'replay', session: view.session, run: event.currentTarget.value })}
        >
          {view.runs.map((one) => (
            <option value={one.id}>{runText(one)}</option>
          ))}
        </select>
      </label>
      <Loaded of={loading}>{(found) => <Player found={found} view={view} />}</Loaded>
    </div>
  )
}

const SPEEDS = [1, 4, 16, 64] as const

function Player({ found: { run, steps }, view }: { found: RunView; view: SessionView }) {
  const [position, setPosition] = useState(steps.length)
  const [isPlaying, play] = useState(false)
  const [speed, setSpeed] = useState<number>(4)
  const place: Place = useMemo(() => ({ session: view.session, tip: view.tip, at: '', exact: false }), [view])
  const { messages, results, pending } = useMemo(() => heardUntil(steps, position), [steps, position])
  const move = (to: number) => setPosition(Math.min(Math.max(0, to), steps.length))
  const toggle = () => {
    if (!isPlaying && position >= steps.length) setPosition(0)
    play(!isPlaying)
  }
  useEffect(() => {
    if (!isPlaying) return
    if (position >= steps.length) {
      play(false)
      return
    }
    const timer = setTimeout(() => move(position + 1), pauseAfter(steps, position) / speed)
    return () => clearTimeout(timer)
  }, [isPlaying, position, speed, steps])
  useEffect(() => {
    if (isPlaying) document.querySelector('.heard > :last-child')?.scrollIntoView({ block: 'nearest' })
    document.querySelector('.step.current')?.scrollIntoView({ block: 'nearest' })
  }, [position])
  useKeys([
    { key: ' ', about: 'play or pause', run: toggle },
    { key: 'ArrowRight', about: 'one step on', run: () => move(position + 1) },
    { key: 'ArrowLeft', about: 'one step back', run: () => move(position - 1) },
    { key: 'Home', about: 'to the beginning', run: () => move(0) },
    { key: 'End', about: 'to the end', run: () => move(steps.length) },
    { key: '+', about: 'faster', run: () => setSpeed(SPEEDS.find((one) => one > speed) ?? speed) },
    { key: '-', about: 'slower', run: () => setSpeed(SPEEDS.findLast((one) => one < speed) ?? speed) },
  ])
  return (
    <>
      <p class="facts">
        <span class={run.status === 'failed' ? 'failed' : ''}>{shownLine(run.status ?? '')}</span>
        <span>{when(run.startedAt)}</span>
        {run.startedAt !== undefined && run.endedAt !== undefined && (
          <span>{duration(Date.parse(run.endedAt) - Date.parse(run.startedAt))}</span>
        )}
        {run.usage?.total !== undefined && <span>{short(run.usage.total)} tokens</span>}
        <span>{count(steps.length, 'step')}</span>
        {run.error !== undefined && <span class="failed">{shownLine(run.error)}</span>}
      </p>
      <div class="player" role="group" aria-label="player">
        <button type="button" class="round" onClick={toggle}>
          <Icon name={isPlaying ? 'pause' : 'play'} /> {isPlaying ? 'Pause' : 'Play'}
        </button>
        <button type="button" onClick={() => move(position - 1)} disabled={position === 0}>
          <Icon name="back" />
          <span class="unseen">One step back</span>
        </button>
        <button type="button" onClick={() => move(position + 1)} disabled={position === steps.length}>
          <Icon name="next" />
          <span class="unseen">One step on</span>
        </button>
        <input
          type="range"
          min={0}
          max={steps.length}
          value={position}
          aria-label="step"
          onInput={(event) => {
            play(false)
            move(Number(event.currentTarget.value))
          }}
        />
        <span class="quiet">
          {position} / {steps.length}
        </span>
        <label>
          <span class="unseen">Speed</span>
          <select value={speed} onChange={(event) => setSpeed(Number(event.currentTarget.value))}>
            {SPEEDS.map((one) => (
              <option value={one}>{one}×</option>
            ))}
          </select>
        </label>
      </div>
      <div class="stage">
        <ol class="steps" aria-label="steps" tabIndex={0}>
          {steps.slice(0, MOST_LISTED).map((step, index) => (
            <li key={index}>
              <button
                type="button"
                class={`step${index === position - 1 ? ' current' : ''}${index >= position ? ' later' : ''}`}
                aria-current={index === position - 1 ? 'step' : undefined}
                onClick={() => move(index + 1)}
              >
                <span class="step-type">{shownLine(step.message?.blocks[0]?.kind ?? step.type)}</span>
                <span class="quiet">{clockOf(step.at)}</span>
              </button>
            </li>
          ))}
        </ol>
        <div class="heard">
          {messages.map((message, index) => (
            <MessageView key={index} message={message} place={place} results={results} />
          ))}
          {pending !== '' && (
            <p class="plain pending">
              <Plain text={pending} />
            </p>
          )}
          {position === 0 && <p class="quiet empty">Press play, or step through with the arrow keys.</p>}
        </div>
      </div>
    </>
  )
}

const MOST_LISTED = 2000

function runText({ id, prompt, startedAt, agent }: RunInfo): string {
  const about = agent?.description ?? prompt
  const name = shownLine(about === '' ? (id ?? '') : about).slice(0, 70)
  return `${clockOf(startedAt)} ${agent === undefined ? '' : 'sub-agent: '}${name}`
}
