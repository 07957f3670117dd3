/** Tracks the reader's position in a conversation, and moves it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { SessionView } from '../../../wire.ts'
import type { Segment } from '../segments.ts'

/** Height of the bars at the top of the page, in pixels. */
const COVERED = 142
const NEAR_END = 300

export interface Reading {
  /** Number of the turn at the reader's position. */
  current: number
  /** Scrolls to an element in a segment, as soon as it is drawn. */
  goTo: (segment: number, element: string) => void
  goToEnd: () => void
  /** Whether there are new messages that were not seen yet. */
  isNew: boolean
}

export function useReading(view: SessionView, segments: readonly Segment[]): Reading {
  const [current, setCurrent] = useState(0)
  const [isNew, setNew] = useState(false)
  const going = useRef(0)
  const wasAtEnd = useRef(false)
  const shown = useRef(view.messages)

  useEffect(() => {
    let frame = 0
    const look = () => {
      frame = 0
      wasAtEnd.current = isAtEnd()
      if (wasAtEnd.current) setNew(false)
      const heads = [...document.querySelectorAll<HTMLElement>('.turn-head')]
      const before = heads.findLast((head) => head.getBoundingClientRect().top < COVERED + 60)
      const number = Number((before ?? heads[0])?.dataset.turn)
      if (!Number.isNaN(number)) setCurrent(number)
    }
    const follow = () => {
      frame ||= requestAnimationFrame(look)
    }
    addEventListener('scroll', follow, { passive: true })
    look()
    return () => {
      removeEventListener('scroll', follow)
      cancelAnimationFrame(frame)
    }
  }, [view.session])

  const goToEnd = () => {
    setNew(false)
    goTo(segments.length - 1, '')
  }
  useEffect(() => {
    const came = view.messages > shown.current
    shown.current = view.messages
    if (!came) return
    if (wasAtEnd.current) goToEnd()
    else setNew(true)
  }, [view.tip])

  function goTo(segment: number, element: string): void {
    const number = ++going.current
    // Segments that are drawn on the way move the target, so scrolling is repeated.
    let tries = 0
    let still = 0
    const step = () => {
      if (number !== going.current || ++tries > 120) return
      const piece = document.getElementById(`segment-${segment}`)
      const target = element === '' ? null : document.getElementById(element)
      const node = target ?? piece
      if (node === null) return
      const box = node.getBoundingClientRect()
      const wanted = target === null && element === '' ? box.bottom - innerHeight + 40 : box.top - COVERED
      const before = scrollY
      scrollTo({ top: scrollY + wanted, behavior: 'instant' })
      const isThere = element === '' || target !== null
      still = isThere && Math.abs(scrollY - before) < 2 && piece?.ariaBusy !== 'true' ? still + 1 : 0
      if (still < 8) requestAnimationFrame(step)
      else if (target !== null) show(target)
    }
    const stop = () => {
      going.current++
    }
    for (const event of ['wheel', 'touchmove', 'pointerdown'] as const)
      addEventListener(event, stop, { once: true, passive: true })
    step()
  }
  return { current, goTo, goToEnd, isNew }
}

/** Focuses a message. A result that is shown with its call is unfolded there. */
function show(target: HTMLElement): void {
  const { call } = target.dataset
  if (call === undefined) {
    if (target.classList.contains('message')) target.focus({ preventScroll: true })
    return
  }
  const calls = [...document.querySelectorAll<HTMLDetailsElement>('details[data-call]')]
  const found = calls.find((details) => details.dataset.call === call)
  if (found === undefined) return
  found.open = true
  found.querySelector('summary')?.focus({ preventScroll: true })
  found.scrollIntoView({ block: 'center' })
}

const isAtEnd = (): boolean => scrollY + innerHeight > document.documentElement.scrollHeight - NEAR_END
