/**
 * Whether git may be run on a repository with this configuration. Many keys of git-config(1) name programs that git
 * runs, and new ones come with every release, so this is a list of keys that are known to be harmless.
 */
import { UnsupportedError } from '../../../errors.ts'
import { parseConfig } from '../../config/parser.ts'

/** Throws UnsupportedError, which names the key, unless everything in the file is known to be harmless. */
export function checkHarmless(text: string, file: string): void {
  const strange = text.split('\n').findIndex((line) => !isPlain(line.replace(/\r$/, '')))
  if (strange >= 0) {
    throw refused(
      `line ${strange + 1} of '${file}' is written in an unusual way, so forkpoint does not know how git reads it`,
    )
  }
  const others = [...parseConfig(text).keys()].filter((key) => !isHarmless(key))
  if (others.length > 0) {
    const named = others.slice(0, 5).map((key) => `'${key}'`)
    throw refused(`the store's config sets ${named.join(', ')}, which may make git run a program`, file)
  }
}

const refused = (why: string, file?: string): UnsupportedError =>
  new UnsupportedError(
    'native git',
    `Git is not run on this store: ${why}. ${file === undefined ? 'Simplify it' : `Remove that from '${file}'`}, if the store is yours.`,
  )

/**
 * A line that every reader understands in the same way. No continued lines: a reader that joins one to a comment misses
 * a section that git sees.
 */
const isPlain = (line: string): boolean =>
  !line.endsWith('\\') &&
  !UNPRINTABLE.test(line) &&
  (EMPTY.test(line) || SECTION.test(line) || ENTRY.test(line))

const UNPRINTABLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\ufeff]/
const EMPTY = /^[ \t]*(?:[#;].*)?$/
const SECTION = /^[ \t]*\[[A-Za-z0-9-]+(?:[ \t]+"[^"\\]*")?\][ \t]*(?:[#;].*)?$/
const ENTRY = /^[ \t]*[A-Za-z][A-Za-z0-9-]*[ \t]*(?:=.*)?$/

function isHarmless(key: string): boolean {
  const section = key.slice(0, key.indexOf('.'))
  const name = key.slice(key.lastIndexOf('.') + 1)
  const hasSubsection = key.length > section.length + name.length + 1
  const names = hasSubsection ? WITH_SUBSECTION[section] : HARMLESS[section]
  return names === ANY || names?.has(name) === true
}

const ANY = 'any'
const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** Keys by section, all in lower case. Their values are numbers, switches, names and dates. */
const HARMLESS: Readonly<Record<string, ReadonlySet<string> | typeof ANY>> = {
  core: words(`
    abbrev bare bigfilethreshold checkstat commitgraph compression deltabasecachelimit eol filemode filesreflocktimeout
    fsync fsyncmethod fsyncobjectfiles hidedotfiles ignorecase logallrefupdates longpaths loosecompression
    multipackindex packedgitlimit packedgitwindowsize packedrefstimeout precomposeunicode protecthfs protectntfs
    quotepath repositoryformatversion sharedrepository symlinks trustctime unsetenvvars`),
  extensions: words('noop objectformat preciousobjects refstorage'),
  forkpoint: ANY,
  gc: words(`
    aggressivedepth aggressivewindow auto autodetach autopacklimit bigpackthreshold cruftpacks logexpiry maxcruftsize
    packrefs pruneexpire reflogexpire reflogexpireunreachable rerereresolved rerereunresolved worktreepruneexpire
    writecommitgraph`),
  maintenance: words('auto autodetach strategy'),
  pack: words(`
    allowpackreuse compression deltacachelimit deltacachesize depth indexversion packsizelimit preferbitmaptips
    readreverseindex threads usebitmapboundarytraversal usebitmaps usepathwalk usesparse window windowmemory
    writebitmaphashcache writebitmaplookuptable writereverseindex`),
  repack: words(`
    cruftdepth cruftthreads cruftwindow cruftwindowmemory midxmustcontaincruft packkeptobjects updateserverinfo
    usedeltabaseoffset usedeltaislands writebitmaps`),
  receive: words(`
    advertiseatomic advertisepushoptions autogc certnonceslop denycurrentbranch denydeletecurrent denydeletes
    denynonfastforwards fsckobjects hiderefs keepalive maxinputsize shallowupdate unpacklimit updateserverinfo`),
  transfer: words('advertiseobjectinfo advertisesid fsckobjects hiderefs unpacklimit'),
  uploadpack: words(`
    advertisebundleuris allowanysha1inwant allowfilter allowreachablesha1inwant allowrefinwant allowtipsha1inwant
    hiderefs keepalive`),
  fetch: words('fsckobjects prune prunetags unpacklimit writecommitgraph'),
  user: words('email name useconfigonly'),
  author: words('email name'),
  committer: words('email name'),
  color: ANY,
  advice: ANY,
  diff: words(
    'algorithm context indentheuristic interhunkcontext mnemonicprefix noprefix renamelimit renames',
  ),
  log: words('abbrevcommit date decorate follow showroot'),
  i18n: words('commitencoding logoutputencoding'),
  init: words('defaultbranch'),
  gui: words('encoding'),
}

const WITH_SUBSECTION: Readonly<Record<string, ReadonlySet<string> | typeof ANY>> = {
  forkpoint: ANY,
  color: ANY,
  branch: words('description merge pushremote rebase remote'),
  // Where to fetch from and push to. No command that is run here uses a network.
  remote: words('fetch mirror prune prunetags push pushurl skipdefaultupdate skipfetchall tagopt url'),
  maintenance: words('enabled schedule'),
}
