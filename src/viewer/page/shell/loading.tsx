/** Loads values, and shows a placeholder until they are there. */
import type { ComponentChild } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Plain } from '../text/plain.tsx'

export interface Loading<T> {
  value?: T
  error?: unknown
  /** Loads again; the old value is shown meanwhile. */
  reload: () => void
}

/** Loads a value whenever the key changes. Never returns the value of an old key for a new one. */
export function useLoaded<T>(key: string, ask: () => Promise<T>): Loading<T> {
  const [state, set] = useState<{ key: string; value?: T; error?: unknown }>({ key })
  const latest = useRef(0)
  const load = () => {
    const number = ++latest.current
    ask().then(
      (value) => number === latest.current && set({ key, value }),
      (error: unknown) => number === latest.current && set({ key, error }),
    )
  }
  useEffect(load, [key])
  return state.key === key ? { ...state, reload: load } : { reload: load }
}

export function Loaded<T>({ of, children }: { of: Loading<T>; children: (value: T) => ComponentChild }) {
  if (of.value !== undefined) return <>{children(of.value)}</>
  if (of.error === undefined) return <p class="quiet waiting">Loading …</p>
  return <Problem error={of.error} />
}

/** Sets the title of the window. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · forkpoint`
  }, [title])
}

export function Problem({ error }: { error: unknown }) {
  return (
    <div class="problem" role="alert">
      <strong>That did not work.</strong>{' '}
      <Plain text={error instanceof Error ? error.message : String(error)} />
    </div>
  )
}
