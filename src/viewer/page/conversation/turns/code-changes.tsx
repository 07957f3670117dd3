/** Shows the changes of a turn to the files of its workspace: their number, and diffs when unfolded. */
import { editsOfGitPatch } from '../../../../view/edit.ts'
import type { ChangedFiles, Turn } from '../../../wire.ts'
import { data } from '../../data.ts'
import { Icon } from '../../shell/icon.tsx'
import { Loaded, useLoaded } from '../../shell/loading.tsx'
import { count } from '../../text/format.ts'
import { shownLine } from '../../text/plain.tsx'
import { EditView } from '../message/edit-view.tsx'
import { useFold } from '../message/folds.ts'

export function CodeChanges({ turn, session }: { turn: Turn; session: string }) {
  const [isOpen, set] = useFold(`files ${turn.id}`, false)
  const { value } = useLoaded(turn.id, () => data.files(session, turn.id, false))
  const total = value === undefined ? 0 : value.added.length + value.changed.length + value.deleted.length
  if (value === undefined || total === 0) return null
  return (
    <details class="call code-changes" open={isOpen} onToggle={(event) => set(event.currentTarget.open)}>
      <summary>
        <Icon name="edit" />
        <span class="name">{count(total, 'file')} changed</span>
        <code class="gist">{shownLine(pathsOf(value).slice(0, 6).join(', '))}</code>
      </summary>
      {isOpen && <Diffs turn={turn} session={session} />}
    </details>
  )
}

function Diffs({ turn, session }: { turn: Turn; session: string }) {
  const loading = useLoaded(turn.id, () => data.files(session, turn.id, true))
  return (
    <div class="inside">
      <Loaded of={loading}>
        {(files) =>
          files.patch === undefined ? (
            <ul class="paths">
              {pathsOf(files).map((path) => (
                <li>{shownLine(path)}</li>
              ))}
            </ul>
          ) : (
            <>
              {editsOfGitPatch(files.patch).map((edit) => (
                <EditView edit={edit} />
              ))}
              {files.cut === true && (
                <p class="quiet">The rest is cut here: `forkpoint files --diff` has it.</p>
              )}
            </>
          )
        }
      </Loaded>
    </div>
  )
}

const pathsOf = ({ added, changed, deleted }: ChangedFiles): string[] => [...added, ...changed, ...deleted]
