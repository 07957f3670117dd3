// @ts-check
/** A session store over a map. `docs/own-store.md` explains it; `test/examples/own-store.test.ts` runs the suite on it. */
import { BlobSessionStore } from 'forkpoint/store'

/** @import { Blobs } from 'forkpoint/store' */
/** @import { StoredDocument, StoreOptions, Session } from 'forkpoint' */

/** @implements {Blobs} */
export class MapBlobs {
  /** Gone with the process. */
  persistent = false
  /** @param {Map<string, Uint8Array>} map */
  constructor(map = new Map()) {
    this.map = map
  }

  /** @param {string} key */
  read(key) {
    return this.map.get(key)
  }

  /**
   * In SQL: `UPDATE sessions SET value = ? WHERE key = ? AND value = ?`, or `INSERT … ON CONFLICT DO NOTHING` where
   * nothing was seen; whether it did is whether a row changed.
   *
   * @param {string} key
   * @param {Uint8Array} bytes
   * @param {Uint8Array | undefined} seen
   */
  replace(key, bytes, seen) {
    const there = this.map.get(key)
    const isSame = there === seen || (there && seen && Buffer.compare(there, seen) === 0)
    if (!isSame) return false
    this.map.set(key, bytes)
    return true
  }

  /** @param {string} key */
  remove(key) {
    return this.map.delete(key)
  }

  keys() {
    return this.map.keys()
  }
}

/**
 * @template {StoredDocument} [S=Session]
 * @extends {BlobSessionStore<S>}
 */
export class MapStore extends BlobSessionStore {
  /**
   * @param {StoreOptions<S>} [options]
   * @param {Map<string, Uint8Array>} [map] another store on the same map has the same sessions
   */
  constructor(options, map) {
    super(new MapBlobs(map), options)
  }
}
