/** Lists the keys that work on the current page. */
import { Dialog } from './dialog.tsx'
import { keysNow } from './keys.ts'

export function Help({ close }: { close: () => void }) {
  const keys = [...new Map(keysNow().map((key) => [key.key, key])).values()]
  return (
    <Dialog title="Keys" close={close}>
      <dl class="keys">
        {keys.map(({ key, about }) => (
          <div>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{about}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
