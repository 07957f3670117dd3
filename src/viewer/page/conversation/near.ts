/** Tells which parts of a long page are near the visible part. */
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

const AROUND = '1800px 0px'

const followers = new Map<Element, (isNear: boolean) => void>()
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) followers.get(target)?.(isIntersecting)
  },
  { rootMargin: AROUND },
)

/** Returns whether the element is near the visible part, and its height when it was last drawn. */
export function useNear<E extends HTMLElement>(): {
  element: RefObject<E | null>
  isNear: boolean
  height: number | undefined
} {
  const element = useRef<E>(null)
  const height = useRef<number | undefined>(undefined)
  const [isNear, set] = useState(false)
  useEffect(() => {
    const node = element.current!
    followers.set(node, (near) => {
      if (!near && node.childElementCount > 0) height.current = node.offsetHeight
      set(near)
    })
    observer.observe(node)
    return () => {
      observer.unobserve(node)
      followers.delete(node)
    }
  }, [])
  return { element, isNear, height: height.current }
}
