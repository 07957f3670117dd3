/** Repositories with something to settle. A process that ends by itself settles them first. */

interface Unsettled {
  rest(): Promise<void>
}

const unsettled = new Set<Unsettled>()
let watching = false

/** Lets the repository rest when the process is about to end. */
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

/** It is closed. */
export const needsNoRest = (repository: Unsettled): boolean => unsettled.delete(repository)
