/** Input for a checkpoint to compare: a branch, a tag or any other revision. */
import { useEffect, useId, useState } from 'preact/hooks'
import { data } from '../data.ts'
import type { Spot } from '../route.ts'
import { shortId } from '../text/format.ts'
import { shownLine } from '../text/plain.tsx'

interface SpotInputProps {
  label: string
  spot: Spot
  choose: (spot: Spot) => void
}

export function SpotInput({ label, spot, choose }: SpotInputProps) {
  const id = useId()
  const [session, setSession] = useState(spot.session)
  const [at, setAt] = useState(spot.at)
  const [sessions, setSessions] = useState<readonly string[]>([])
  const [revisions, setRevisions] = useState<readonly (readonly [at: string, about: string])[]>([])
  useEffect(() => {
    setSession(spot.session)
    setAt(spot.at)
  }, [spot.session, spot.at])
  useEffect(() => {
    data.sessions({ q: '', type: '', order: 'updated' }).then(
      (page) => setSessions(page.sessions.map((one) => one.id)),
      () => undefined,
    )
  }, [])
  useEffect(() => {
    data.session(spot.session, '', false).then(
      ({ branches, tags, turns }) =>
        setRevisions([
          ...branches.map(({ name }) => [name, 'branch'] as const),
          ...tags.map(({ name }) => [name, 'tag'] as const),
          ...turns
            .slice(-100)
            .reverse()
            .map((turn) => [shortId(turn.id), turn.subject] as const),
        ]),
      () => setRevisions([]),
    )
  }, [spot.session])
  const submit = (event: Event) => {
    event.preventDefault()
    choose({ session, at })
  }
  return (
    <form class="spot" onSubmit={submit} aria-label={label}>
      <label>
        {label}: session
        <input
          value={session}
          list={`${id}-sessions`}
          onInput={(event) => setSession(event.currentTarget.value)}
          onChange={submit}
        />
      </label>
      <label>
        checkpoint
        <input
          value={at}
          placeholder="newest"
          list={`${id}-revisions`}
          onInput={(event) => setAt(event.currentTarget.value)}
          onChange={submit}
        />
      </label>
      <datalist id={`${id}-sessions`}>
        {sessions.map((one) => (
          <option value={one} />
        ))}
      </datalist>
      <datalist id={`${id}-revisions`}>
        {revisions.map(([revision, about]) => (
          <option value={revision}>{shownLine(about)}</option>
        ))}
      </datalist>
      <button type="submit" class="unseen">
        Compare
      </button>
    </form>
  )
}
