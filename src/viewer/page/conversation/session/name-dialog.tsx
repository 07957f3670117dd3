/** Asks for the name of a new branch or tag at a turn. */
import { useState } from 'preact/hooks'
import type { Turn } from '../../../wire.ts'
import { data } from '../../data.ts'
import { go, sessionAt } from '../../route.ts'
import { Dialog } from '../../shell/dialog.tsx'
import { Problem } from '../../shell/loading.tsx'
import { shownLine } from '../../text/plain.tsx'
import { titleOf } from '../turns/turn-head.tsx'

export interface Naming {
  what: 'fork' | 'tag'
  turn: Turn
}

interface NameDialogProps {
  naming: Naming
  session: string
  close: () => void
  done: () => void
}

export function NameDialog({ naming: { what, turn }, session, close, done }: NameDialogProps) {
  const [name, setName] = useState('')
  const [error, setError] = useState<unknown>()
  const save = async (event: Event) => {
    event.preventDefault()
    try {
      await data.change(what, { session, at: turn.id, name })
      close()
      done()
      if (what === 'fork') go(sessionAt(session, name))
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <Dialog title={what === 'fork' ? 'Start a branch here' : 'Tag this checkpoint'} close={close}>
      <p class="quiet">{shownLine(titleOf(turn))}</p>
      <form class="name" onSubmit={save}>
        <label>
          {what === 'fork' ? 'Name of the branch' : 'Name of the tag'}
          <input required autoFocus value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <button type="submit">{what === 'fork' ? 'Fork' : 'Tag'}</button>
      </form>
      {error !== undefined && <Problem error={error} />}
    </Dialog>
  )
}
