/** Makes a repository in a folder, and tells whether a folder is one or may become one. */
import { dirname, join } from 'node:path'
import { NotFoundError, StorageError, UnsupportedError } from '../errors.ts'
import { NEW_CONFIG } from './config/config.ts'
import type { StoreFolder } from './disk/store-folder.ts'

/** Throws UnsupportedError if a link is in the place of one of the store's folders. */
export function checkFolders({ fs, paths }: StoreFolder): void {
  for (const folder of [
    paths.objects,
    paths.packs,
    join(paths.root, 'refs'),
    paths.own,
    paths.temporaries,
    paths.journals,
    paths.retired,
    paths.copies,
  ]) {
    const kind = fs.stat(folder)?.kind
    if (kind !== undefined && kind !== 'folder') {
      throw new UnsupportedError(
        'links',
        `'${folder}' does not belong to the store. Take the store from a trusted copy.`,
      )
    }
  }
}

/** Throws NotFoundError if a store cannot be made because something else is there. */
export function checkCreatable({ fs, paths }: StoreFolder): void {
  const others = fs.readDir(paths.root).filter((name) => !OUR_NAMES.has(name))
  if (others.length === 0) return
  throw new NotFoundError(
    { kind: 'store', id: paths.root },
    `'${paths.root}' is not a store and not empty (it has '${others[0]}'). A store needs its own folder: choose a new one.`,
  )
}

/**
 * HEAD is written last, when everything else is durable: without HEAD neither git nor we take the folder for a
 * repository. So there is a whole repository or none, and creating it twice is safe.
 */
export async function create(folder: StoreFolder, head: string): Promise<void> {
  const { fs, paths } = folder
  for (const name of FOLDERS) fs.makeDir(join(paths.root, name))
  await writeDurably(folder, 'config', NEW_CONFIG)
  if (isInWorkTree(folder)) await writeDurably(folder, '.gitignore', '*\n')
  for (const name of ['objects', 'refs', 'forkpoint', '.']) await fs.syncDir(join(paths.root, name))
  await writeDurably(folder, 'HEAD', `ref: ${head}\n`)
}

/** The folders above may be new too. */
export async function syncAbove({ fs, paths }: StoreFolder): Promise<void> {
  for (let folder = dirname(paths.root); ; folder = dirname(folder)) {
    try {
      await fs.syncDir(folder)
    } catch (error) {
      // A folder that we may not open was not made by us.
      if (!(error instanceof StorageError && NOT_OURS.has(error.errno ?? ''))) throw error
    }
    if (folder === dirname(folder)) return
  }
}

async function writeDurably(
  { fs, paths, temporaries }: StoreFolder,
  name: string,
  text: string,
): Promise<void> {
  const temporary = temporaries.write(Buffer.from(text))
  await fs.syncFile(temporary)
  fs.rename(temporary, join(paths.root, name))
}

/** Inside a work tree, nobody should commit the store by accident. */
function isInWorkTree({ fs, paths }: StoreFolder): boolean {
  for (let folder = dirname(paths.root); ; folder = dirname(folder)) {
    if (fs.stat(join(folder, '.git')) !== undefined) return true
    if (folder === dirname(folder)) return false
  }
}

const FOLDERS = [
  'objects/pack',
  'objects/info',
  'refs/heads',
  'refs/tags',
  'refs/forkpoint',
  'forkpoint/tmp',
  'forkpoint/journals',
]
const NOT_OURS = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL'])
const OUR_NAMES = new Set(['objects', 'refs', 'forkpoint', 'config', '.gitignore', 'HEAD'])
