/** The whole page: a bar, and below it the page of the address. */
import { useEffect, useState } from 'preact/hooks'
import { BranchesPage } from '../branches/branches-page.tsx'
import { ComparePage } from '../compare/compare-page.tsx'
import { SessionPage } from '../conversation/session/session-page.tsx'
import { data } from '../data.ts'
import { ReplayPage } from '../replay/replay-page.tsx'
import { go, hashOf, type Route, routeOf } from '../route.ts'
import { SessionsPage } from '../sessions/sessions-page.tsx'
import { shownLine } from '../text/plain.tsx'
import { Help } from './help.tsx'
import { Icon } from './icon.tsx'
import { useKeys } from './keys.ts'
import { useLoaded } from './loading.tsx'
import { nextTheme, setTheme, themeNow } from './theme.ts'

export function App() {
  const [address, setAddress] = useState(location.hash)
  const [theme, changeTheme] = useState(themeNow())
  const [help, setHelp] = useState(false)
  const info = useLoaded('info', () => data.info())
  useEffect(() => {
    const follow = () => setAddress(location.hash)
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  const turnTheme = () => {
    const next = nextTheme(theme)
    setTheme(next)
    changeTheme(next)
  }
  useKeys([
    { key: '?', about: 'show these keys', run: () => setHelp(true) },
    { key: 'l', about: 'light, dark or as the system', run: turnTheme },
    ...(data.alone ? [] : [{ key: 'h', about: 'all sessions', run: () => go({ view: 'sessions' }) }]),
  ])
  const route: Route = data.alone && !address.startsWith('#/s/') ? routeOf('#/s/-') : routeOf(address)
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <header class="bar">
        <a class="logo" href={data.alone ? location.hash || '#' : hashOf({ view: 'sessions' })}>
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="M5 17V3m0 9c0-4 10-2 10-7" />
            <circle cx="5" cy="17" r="2" />
            <circle cx="5" cy="3.5" r="2" />
            <circle cx="15" cy="4" r="2" />
          </svg>
          forkpoint
        </a>
        <span class="store" title={info.value?.store}>
          {shownLine(info.value?.store ?? '')}
        </span>
        {info.value?.writable === true && <span class="chip warn">can write</span>}
        <button type="button" class="plain-button" onClick={turnTheme} title={`Theme: ${theme}`}>
          <Icon name="theme" />
          <span class="word">{theme}</span>
          <span class="unseen">theme</span>
        </button>
        <button type="button" class="plain-button" onClick={() => setHelp(true)} title="Keys (?)">
          <Icon name="help" />
          <span class="word">keys</span>
          <span class="unseen">help</span>
        </button>
      </header>
      <main id="main" tabIndex={-1}>
        <Page route={route} />
      </main>
      {help && <Help close={() => setHelp(false)} />}
    </>
  )
}

function Page({ route }: { route: Route }) {
  switch (route.view) {
    case 'sessions':
      return <SessionsPage />
    case 'session':
      return <SessionPage key={route.session} {...route} />
    case 'branches':
      return <BranchesPage key={route.session} {...route} />
    case 'replay':
      return <ReplayPage key={`${route.session} ${route.run}`} {...route} />
    case 'compare':
      return <ComparePage {...route} />
  }
}
