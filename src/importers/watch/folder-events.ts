/** Collects the changed files of some folders, as the operating system reports them. */
import { existsSync, type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'

/** Milliseconds between checks of a folder that does not exist yet, or whose changes the system does not report. */
const UNWATCHED = 2000
/** Milliseconds to wait for more changes after the first one. */
const TOGETHER = 50

export class FolderEvents {
  readonly #folders: readonly string[]
  readonly #signal: AbortSignal | undefined
  readonly #watchers = new Map<string, FSWatcher>()
  /** Folders that exist, but cannot be watched. */
  readonly #unwatched = new Set<string>()
  #changed = new Set<string>()
  #waiting = new Set<string>()
  #all = true
  #wake: (() => void) | undefined

  constructor(folders: readonly string[], signal: AbortSignal | undefined) {
    this.#folders = folders
    this.#signal = signal
    this.#watch()
  }

  /**
   * Returns the files that changed since the last call and those passed to `again`; `all` at the first call, and if the
   * changes are not known.
   */
  take(): readonly string[] | 'all' {
    const changed = this.#all ? 'all' : [...this.#changed, ...this.#waiting]
    this.#changed = new Set()
    this.#waiting = new Set()
    this.#all = false
    return changed
  }

  /** Makes the next `take` return this file, whether it changes or not. */
  again(path: string): void {
    this.#waiting.add(path)
  }

  /**
   * Resolves shortly after a change, after `wait` milliseconds, or when the signal is aborted. If nothing changed and
   * `again` was not called, the next `take` returns `all`.
   */
  async next(wait: number): Promise<void> {
    const end = performance.now() + wait
    for (;;) {
      this.#watch()
      const left = end - performance.now()
      if (this.#signal?.aborted === true || this.#all) return
      if (this.#changed.size > 0) return this.#sleep(TOGETHER)
      if (left <= 0) break
      const isWatched = this.#watchers.size === this.#folders.length
      await this.#sleep(isWatched ? left : Math.min(left, UNWATCHED))
      if (this.#unwatched.size > 0) break
    }
    this.#all = this.#waiting.size === 0 || this.#unwatched.size > 0
  }

  async #sleep(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const signal = this.#signal
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      signal?.addEventListener('abort', this.#wake, { once: true })
      timer = setTimeout(resolve, milliseconds)
      if (signal?.aborted === true) resolve()
    })
    clearTimeout(timer)
    if (this.#wake) signal?.removeEventListener('abort', this.#wake)
    this.#wake = undefined
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** Starts to watch the folders that exist and are not watched yet. */
  #watch(): void {
    for (const folder of this.#folders) {
      if (this.#watchers.has(folder) || !existsSync(folder)) continue
      try {
        const watcher = watch(folder, { recursive: true }, (_, name) => this.#report(folder, name))
        // The folder was removed, or has more subfolders than the system can watch.
        watcher.on('error', () => this.#drop(folder))
        this.#watchers.set(folder, watcher)
        this.#unwatched.delete(folder)
        this.#all = true
      } catch {
        this.#unwatched.add(folder)
      }
    }
  }

  #report(folder: string, name: string | null): void {
    if (name === null) this.#all = true
    else this.#changed.add(join(folder, name))
    this.#wake?.()
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
    this.#wake?.()
  }
}
