/**
 * Whether a file of this name would be the folder `.git` on some file system. The configuration in `.git` can make git
 * run programs. HFS+ ignores some characters and the case; NTFS ends a name at `:`, drops trailing dots and spaces, and
 * knows `.git` as `git~1` too (git's `is_hfs_dotgit` and `is_ntfs_dotgit`).
 */
export function isDotGit(name: string): boolean {
  return name.split('\\').some((part) => {
    const plain = part
      .replace(HFS_IGNORED, '')
      .replace(/:.*$/s, '')
      .replace(/[ .]+$/, '')
      .toLowerCase()
    return plain === '.git' || plain === 'git~1'
  })
}

const HFS_IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g
