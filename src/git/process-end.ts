/** Repositories with unsettled saves. A process that ends normally settles them first. */

interface Unsettled {
  rest(): Promise<void>
}

const unsettled = new Set<Unsettled>()
let watching = false

/** Registers a repository to be settled when the process is about to end. */
export function restAtTheEnd(repository: Unsettled): void {
  unsettled.add(repository)
  if (watching) return
  watching = true
  process.on('beforeExit', () => {
    for (const one of [...unsettled]) {
      unsettled.delete(one)
      one.rest().catch(() => undefined)
    }
  })
}

/** Unregisters a repository that was closed. */
export const needsNoRest = (repository: Unsettled): boolean => unsettled.delete(repository)
