/** Remembers what is folded and unfolded while parts of a long conversation leave the page and come back. */
import type { ComponentChild } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Icon, type IconName } from '../../shell/icon.tsx'

const open = new Map<string, boolean>()
const followers = new Set<() => void>()
let all: boolean | undefined

interface FoldProps {
  /** Unique key, under which it is remembered whether it is open. */
  fold: string
  /** Whether it is open at first. */
  opened?: boolean
  class: string
  /** Id of the call that is shown. */
  call?: string | undefined
  icon: IconName
  label: string
  /** What is inside, in one line. */
  gist: string
  /** Whether that is prose, not code. */
  isProse?: boolean
  failed?: boolean
  /** Makes what is inside; only called while it is open. */
  children: () => ComponentChild
}

/** A line that unfolds. */
export function Fold({ fold, opened = false, children, ...shown }: FoldProps) {
  const now = () => open.get(fold) ?? all ?? opened
  const [isOpen, change] = useState(now)
  useEffect(() => {
    const follow = () => change(now())
    followers.add(follow)
    return () => void followers.delete(follow)
  }, [fold])
  const set = (value: boolean) => {
    open.set(fold, value)
    change(value)
  }
  const Gist = shown.isProse === true ? 'span' : 'code'
  return (
    <details
      class={`fold ${shown.class}`}
      data-call={shown.call}
      open={isOpen}
      onToggle={(event) => set(event.currentTarget.open)}
    >
      <summary>
        <Icon name={shown.icon} />
        <span class="name">{shown.label}</span>
        <Gist class="gist">{shown.gist}</Gist>
        {shown.failed === true && <span class="state">failed</span>}
      </summary>
      {isOpen && children()}
    </details>
  )
}

/** Unfolds or folds everything, also what is added later. */
export function foldAll(): void {
  all = all !== true
  open.clear()
  for (const follow of followers) follow()
}
