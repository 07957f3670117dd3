/** A dialog above the page; Escape closes it. */
import type { ComponentChild } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

export function Dialog({
  title,
  close,
  children,
}: {
  title: string
  close: () => void
  children: ComponentChild
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  // A layout effect, since Escape may come before the next frame.
  useLayoutEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={close}>
      <form method="dialog">
        <h2 id="dialog-title">{title}</h2>
        <button type="submit" class="plain-button close">
          Close
        </button>
      </form>
      {children}
    </dialog>
  )
}
