/** Addresses inside the page. They are stable, so that they can be bookmarked and shared. */

export type Route =
  | { view: 'sessions' }
  | { view: 'session'; session: string; at: string; exact: boolean; message?: number | undefined }
  | { view: 'branches'; session: string }
  | { view: 'replay'; session: string; run: string }
  | { view: 'compare'; from: Spot; to: Spot }

/** A revision of a session; empty: the newest checkpoint of the active branch. */
export interface Spot {
  session: string
  at: string
}

export const hashOf = (route: Route): string => {
  switch (route.view) {
    case 'sessions':
      return '#/'
    case 'session': {
      const { session, at, exact, message } = route
      const place = at === '' ? [] : [exact ? 'at' : 'c', at]
      return hash('s', session, ...place, ...(message === undefined ? [] : ['m', String(message)]))
    }
    case 'branches':
      return hash('s', route.session, 'branches')
    case 'replay':
      return hash('s', route.session, 'run', route.run)
    case 'compare':
      return hash('compare', route.from.session, route.from.at, route.to.session, route.to.at)
  }
}

/** Parses an address; an unknown one is the list of sessions. */
export function routeOf(address: string): Route {
  const [first, ...rest] = address.replace(/^#\/?/, '').split('/').map(decoded)
  if (first === 'compare') {
    const [from = '', fromAt = '', to = '', toAt = ''] = rest
    return { view: 'compare', from: { session: from, at: fromAt }, to: { session: to, at: toAt } }
  }
  const [session = '', kind, name = '', ...more] = rest
  if (first !== 's' || session === '') return { view: 'sessions' }
  if (kind === 'branches') return { view: 'branches', session }
  if (kind === 'run') return { view: 'replay', session, run: name }
  const places = kind === 'c' || kind === 'at' ? more : [kind, name]
  const message = places[0] === 'm' ? Number.parseInt(places[1] ?? '', 10) : Number.NaN
  return {
    view: 'session',
    session,
    at: kind === 'c' || kind === 'at' ? name : '',
    exact: kind === 'at',
    message: Number.isNaN(message) ? undefined : message,
  }
}

/** The page of a session, or of one of its checkpoints. */
export const sessionAt = (session: string, at = '', exact = false): Route => ({
  view: 'session',
  session,
  at,
  exact,
})

export const go = (route: Route): void => {
  location.hash = hashOf(route)
}

const hash = (...words: string[]): string => `#/${words.map(encodeURIComponent).join('/')}`

function decoded(word: string): string {
  try {
    return decodeURIComponent(word)
  } catch {
    return word
  }
}
