/** Shows a change of a file as a diff, with the changed words of lines. */
import { type FileEdit, linesOfEdit } from '../../../../view/edit.ts'
import { coloured, languageOf } from '../../text/code.tsx'
import { Plain, shownLine } from '../../text/plain.tsx'

export function EditView({ edit }: { edit: FileEdit }) {
  const lines = edit.how === 'delete' ? [] : linesOfEdit(edit)
  const [added, removed] = ['+', '-'].map((sign) => lines.filter((line) => line.sign === sign).length)
  const language = languageOf(edit.path)
  return (
    <figure class="edit">
      <figcaption>
        <span class="path">{shownLine(edit.path)}</span>
        {edit.how === 'delete' ? <span class="removed">deleted</span> : null}
        {edit.how === 'write' ? <span class="quiet">the whole file</span> : null}
        <span class="added">+{added}</span> <span class="removed">−{removed}</span>
      </figcaption>
      <pre class="diff" tabIndex={0} role="group" aria-label={`changes of ${shownLine(edit.path)}`}>
        {lines.slice(0, MOST_LINES).map(({ sign, text }) => (
          <span class={sign === '+' ? 'line added' : sign === '-' ? 'line removed' : 'line'}>
            <span class="sign">{sign}</span>
            <code>{coloured(text, language)}</code>
            {'\n'}
          </span>
        ))}
      </pre>
      {lines.length > MOST_LINES && (
        <p class="quiet">
          <Plain text={`… ${lines.length - MOST_LINES} more lines`} />
        </p>
      )}
    </figure>
  )
}

const MOST_LINES = 600
