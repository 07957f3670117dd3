/** Shows the changes of a turn to the files of its workspace: their number, and diffs when unfolded. */
import { editsOfGitPatch } from '../../../../view/edit.ts'
import type { ChangedFiles, Turn } from '../../../wire.ts'
import { data } from '../../data.ts'
import { Loaded, useLoaded } from '../../shell/loading.tsx'
import { count } from '../../text/format.ts'
import { shownLine } from '../../text/plain.tsx'
import { EditView } from '../message/edit-view.tsx'
import { Fold } from '../message/folds.tsx'

export function CodeChanges({ turn, session }: { turn: Turn; session: string }) {
  const { value } = useLoaded(turn.id, () => data.files(session, turn.id, false))
  const total = value === undefined ? 0 : value.added.length + value.changed.length + value.deleted.length
  if (value === undefined || total === 0) return null
  return (
    <Fold
      fold={`files ${turn.id}`}
      class="call code-changes"
      icon="edit"
      label={`${count(total, 'file')} changed`}
      gist={shownLine(pathsOf(value).slice(0, 6).join(', '))}
    >
      {() => <Diffs turn={turn} session={session} />}
    </Fold>
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
