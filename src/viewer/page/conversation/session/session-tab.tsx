/** A page about a session, below the head that all pages of the session have. */
import type { ComponentChild } from 'preact'
import { useEffect } from 'preact/hooks'
import type { SessionView } from '../../../wire.ts'
import { data } from '../../data.ts'
import { Loaded, useLoaded, useTitle } from '../../shell/loading.tsx'
import { SessionHead, type Tab } from './session-head.tsx'

interface SessionTabProps {
  session: string
  tab: Tab
  /** What the page is of the session, in the title. */
  about: string
  /** Called after each save. */
  saved?: () => void
  children: (view: SessionView) => ComponentChild
}

export function SessionTab({ session, tab, about, saved, children }: SessionTabProps) {
  const view = useLoaded(session, () => data.session(session, '', false))
  const follow = () =>
    data.follow(session, () => {
      view.reload()
      saved?.()
    })
  useEffect(follow, [session])
  useTitle(`${about} of ${view.value?.title || session}`)
  return (
    <Loaded of={view}>
      {(found) => (
        <div class="session-page">
          <SessionHead view={found} tab={tab} reload={view.reload} />
          {children(found)}
        </div>
      )}
    </Loaded>
  )
}
