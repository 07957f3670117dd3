import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Beacon, lightBeacon, lookForBeacon, type Signal } from '../../src/git/disk/beacon.ts'
import { type FileSystem, nodeFileSystem } from '../../src/git/disk/file-system.ts'
import {
  type Identity,
  judge,
  type Owner,
  ownerText,
  parseOwner,
  systemIdentity,
} from '../../src/git/disk/identity.ts'
import { ownerFiles, ownerFolders, Presence } from '../../src/git/disk/presence.ts'
import {
  isOutside,
  isRunning,
  localDisk,
  type ProcessFacts,
  processFacts,
  withSocketPath,
} from '../../src/git/disk/system.ts'
import { Repository } from '../../src/git/repository.ts'
import { tempFolder } from './real-git.ts'
import { buildGitLayer } from './support/build.ts'
import { commitOf } from './support/commits.ts'
import { Scene } from './support/crash.ts'
import { Life } from './support/life.ts'
import { SimulatedDisk } from './support/simulated-disk.ts'

const isRoot = process.getuid?.() === 0
const onLinux = process.platform === 'linux'
if (!onLinux || !isRoot) console.warn('Tests with namespaces are SKIPPED: they need Linux, and root.')

describe('an owner', () => {
  it('is read back as it was written', () => {
    const owner = systemIdentity.newOwner()
    expect(parseOwner(ownerText(owner))).toEqual(owner)
  })

  it('of this thread lives, one with its pid but another start, or another thread, does not', () => {
    const me = processFacts()
    expect(isRunning(me)).toBe(true)
    if (!onLinux) return
    expect(isRunning({ ...me, start: '1' })).toBe(false)
    expect(isRunning({ ...me, thread: 1 })).toBe(false)
    expect(isRunning({ ...me, pid: 0x3ffffff })).toBe(false)
  })
})

describe('what is proof', () => {
  const linux: ProcessFacts = {
    system: 'linux',
    host: 'm/box',
    boot: 'boot 1',
    namespace: 'pid:[1]',
    pid: 7,
    start: '1',
  }
  const mac: ProcessFacts = { system: 'darwin', host: '/mac', boot: '', namespace: '', pid: 7, start: '' }
  const cases: [
    what: string,
    owner: ProcessFacts,
    me: ProcessFacts,
    signal: Signal,
    runs: boolean,
    is: string,
  ][] = [
    [
      'an answer, whatever else is said',
      { ...linux, boot: 'x', host: 'y' },
      linux,
      'answers',
      false,
      'alive',
    ],
    ['a process that is gone, in this boot and pid namespace', linux, linux, 'unsure', false, 'dead'],
    ['one that is there', linux, linux, 'unsure', true, 'alive'],
    ['a silent socket of one that is there: its owner ended', linux, linux, 'silent', true, 'dead'],
    ['a silent socket of another pid namespace', { ...linux, namespace: 'b' }, linux, 'silent', true, 'dead'],
    ['a silent socket of another boot', { ...linux, boot: 'boot 2' }, linux, 'silent', true, 'ended'],
    ['a missing socket, in this boot and pid namespace', linux, linux, 'absent', true, 'alive'],
    ['a missing socket of another boot', { ...linux, boot: 'boot 2' }, linux, 'absent', true, 'ended'],
    [
      'no socket, another boot, the same host',
      { ...linux, boot: 'boot 2' },
      linux,
      'unsure',
      false,
      'unknown',
    ],
    ['no socket, another pid namespace', { ...linux, namespace: 'b' }, linux, 'unsure', false, 'unknown'],
    [
      'neither boot nor namespace',
      { ...linux, boot: '', namespace: '' },
      { ...linux, boot: '', namespace: '' },
      'unsure',
      false,
      'unknown',
    ],
    ['equal namespaces of two kernels', { ...linux, boot: 'boot 2' }, linux, 'unsure', true, 'unknown'],
    ['on a Mac a process that is gone', mac, mac, 'unsure', false, 'ended'],
    ['on a Mac a process that is there', mac, mac, 'unsure', true, 'alive'],
    ['on a Mac a silent socket', mac, mac, 'silent', true, 'ended'],
    ['on a Mac that has changed its name', { ...mac, host: '/old' }, mac, 'unsure', false, 'unknown'],
    [
      'on a Mac that has changed its name, a silent socket',
      { ...mac, host: '/old' },
      mac,
      'silent',
      true,
      'ended',
    ],
    [
      'of a Linux without boot id, on a Mac of the same name',
      { ...linux, host: '/mac', boot: '' },
      mac,
      'unsure',
      false,
      'unknown',
    ],
    [
      'on Windows a process that is gone',
      { ...mac, system: 'win32' },
      { ...mac, system: 'win32' },
      'unsure',
      false,
      'ended',
    ],
  ]
  for (const [what, owner, me, signal, runs, is] of cases)
    it(`${what}: ${is}`, () => {
      expect(judge({ ...owner, id: 'a'.repeat(16) }, me, signal, () => runs)).toBe(is)
    })
})

describe('whether the machine was restarted', () => {
  const place = ownerFolders('/s/journals')
  const disk = (of?: SimulatedDisk): SimulatedDisk => {
    const made = new SimulatedDisk(of && { state: of.state, kernel: of.kernel })
    made.local = true
    return made
  }
  const presence = (on: FileSystem, host: string): Presence => {
    const { identity } = new Life(1, 1, host)
    return new Presence(on, place, identity.newOwner(), identity)
  }

  it('is told by whoever was ready beside the dead one, and lives', async () => {
    const first = disk()
    const dead = presence(first, 'a')
    await dead.ready()
    const witness = presence(disk(first), 'b')
    await witness.prepare()
    expect(await witness.liveness(dead.owner)).toBe('alive')
    const later = presence(disk(first), 'c')
    first.die()
    // Not ready: it may itself be one of the first after a restart.
    expect(await later.liveness(dead.owner)).toBe('rebooted')
    await witness.ready()
    expect(await later.liveness(dead.owner)).toBe('dead')
    expect(await witness.liveness(dead.owner)).toBe('dead')
    witness.close()
    expect(await later.liveness(dead.owner)).toBe('rebooted')
  })

  it('is not asked of what a link leads to', async () => {
    const folder = tempFolder()
    const { identity } = new Life(1, 1, 'a')
    const owner: Owner = { ...identity.newOwner(), disk: 'x', beacon: true }
    fs.mkdirSync(join(folder, 'journals', owner.id), { recursive: true })
    const asked: string[] = []
    const watched: FileSystem = {
      ...nodeFileSystem,
      localDisk: () => 'x',
      reach: async (path) => {
        asked.push(path)
        return 'answers'
      },
    }
    fs.symlinkSync('/run/somebody.sock', join(folder, 'journals', owner.id, 'owner.alive'))
    const other = new Life(2, 2, 'b')
    const me = new Presence(
      watched,
      ownerFolders(join(folder, 'journals')),
      other.identity.newOwner(),
      other.identity,
    )
    expect(await me.liveness(owner)).toBe('unknown')
    expect(asked).toEqual([])
  })

  it('is not concluded on a disk of another kind, where the kernel may know another socket', async () => {
    const first = disk()
    const dead = presence(first, 'a')
    await dead.ready()
    first.die()
    const layer = disk(first)
    layer.localDisk = () => 'layer'
    expect(await presence(layer, 'b').liveness(dead.owner)).toBe('unknown')
    layer.unlink(`${dead.token}.alive`)
    // A copy, in which there never was one.
    expect(await presence(layer, 'b').liveness(dead.owner)).toBe('rebooted')
  })

  it('cannot be told on a disk that is not local: nothing is known of it', async () => {
    const first = disk()
    const dead = presence(first, 'a')
    await dead.ready()
    first.die()
    const elsewhere = disk(first)
    elsewhere.local = false
    const guest = presence(elsewhere, 'b')
    expect(await guest.liveness(dead.owner)).toBe('unknown')
    await guest.prepare()
    expect(guest.owner.beacon).toBe(false)
    expect(await presence(disk(first), 'c').liveness(guest.owner)).toBe('unknown')
  })

  it('follows from another boot id outside of all containers, on a disk of one machine', async () => {
    const folder = join(tempFolder(), 'journals')
    const outside = (boot: string, disk: string | undefined): Owner => ({
      ...new Life(1, 1).identity.newOwner(),
      namespace: 'pid:[4026531836]',
      boot,
      ...(disk && { disk }),
    })
    const look = async (mine: string | undefined, theirs: string | undefined): Promise<string> => {
      const me = outside('two', mine)
      const identity: Identity = {
        newOwner: () => me,
        liveness: (owner, signal) => judge(owner, me, signal, () => false),
      }
      const local: FileSystem = { ...nodeFileSystem, localDisk: () => mine }
      const presence = new Presence(local, ownerFolders(folder), me, identity)
      return presence.liveness(outside('one', theirs))
    }
    expect(await look('ext4', 'ext4')).toBe('rebooted')
    expect(await look('ext4', 'other')).toBe('unknown')
    expect(await look(undefined, undefined)).toBe('unknown')
  })

  it('is not concluded from a silent socket under a writer that lives', async () => {
    const scene = new Scene(undefined, new Life(1, 1, 'a'))
    scene.disk.local = true
    const next = new Scene(scene.disk.state, new Life(2, 2, 'b'), [], Date.now, scene.disk.kernel)
    next.disk.local = true
    const [a, b] = [scene.repository(), next.repository()]
    await scene.save(a, 'refs/heads/s/main', 'one')
    const two = await next.save(b, 'refs/heads/t/main', 'two')
    // b goes on from what a has saved, and takes it back; a is killed meanwhile.
    await next.change(b, { moves: { 'refs/heads/s/main': null } })
    scene.disk.die()
    const third = new Scene(scene.disk.state, new Life(3, 3, 'c'), [], Date.now, scene.disk.kernel)
    third.disk.local = true
    const c = third.repository()
    expect(await c.open()).toBe(true)
    expect(c.refs.read('refs/heads/s/main')).toBeUndefined()
    await third.save(c, 'refs/heads/u/main', 'three')
    expect(c.refs.read('refs/heads/s/main')).toBeUndefined()
    expect(c.refs.read('refs/heads/t/main')).toBe(two)
    await third.end()
    await next.end()
  })
})

describe('a beacon', () => {
  const built = tempFolder()
  const children: ReturnType<typeof spawn>[] = []
  const beacons: Beacon[] = []

  beforeAll(() => buildGitLayer(built))
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    for (const beacon of beacons.splice(0)) beacon.close()
  })
  afterAll(() => fs.rmSync(built, { recursive: true, force: true }))

  async function light(path: string): Promise<Beacon> {
    const beacon = await lightBeacon(path)
    if (beacon === undefined) throw new Error(`no socket at ${path}`)
    beacons.push(beacon)
    return beacon
  }

  /** Resolves when the listener, behind the commands of `prefix`, answers. */
  async function listener(path: string, end: string, prefix: readonly string[] = []) {
    const script = join(import.meta.dirname, 'support/children/listener.mjs')
    const [command = '', ...rest] = [...prefix, process.execPath, script, built, path, end]
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
    children.push(child)
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const line = (): Promise<string> =>
      new Promise((resolve) => child.stdout.once('data', (data) => resolve(String(data).trim())))
    expect(await line()).toBe('ready')
    return { child, ended, line }
  }

  it('answers until it is closed, is silent then, and absent when it is removed', async () => {
    const path = join(tempFolder(), 'alive')
    expect(await lookForBeacon(path)).toBe('absent')
    const beacon = await light(path)
    expect(await lookForBeacon(path)).toBe('answers')
    beacon.close()
    expect(await lookForBeacon(path)).toBe('silent')
    await light(path)
    expect(await lookForBeacon(path)).toBe('answers')
  })

  it('answers under another name, and not from a copy', async () => {
    const folder = tempFolder()
    await light(join(folder, 'opening'))
    fs.renameSync(join(folder, 'opening'), join(folder, 'alive'))
    expect(await lookForBeacon(join(folder, 'alive'))).toBe('answers')
    if (!onLinux) return
    const copy = join(tempFolder(), 'copy')
    execFileSync('cp', ['-r', folder, copy])
    expect(await lookForBeacon(join(copy, 'alive'))).toBe('silent')
    expect(await lookForBeacon(join(folder, 'alive'))).toBe('answers')
  })

  it('has a path of any length, and leaves nothing elsewhere', async () => {
    const folder = tempFolder()
    const deep = join(folder, 'd'.repeat(120), 'e'.repeat(200), 'é'.repeat(100))
    fs.mkdirSync(deep, { recursive: true })
    const path = join(deep, 'alive')
    const beacon = await light(path)
    expect(await lookForBeacon(path)).toBe('answers')
    expect(fs.readdirSync(deep)).toEqual(['alive'])
    expect(fs.readdirSync(folder)).toEqual(['d'.repeat(120)])
    beacon.close()
    expect(await lookForBeacon(path)).toBe('silent')
  })

  it('finds a short path on a system without /proc as well', () => {
    const deep = join(tempFolder(), 'd'.repeat(120))
    fs.mkdirSync(deep)
    fs.writeFileSync(join(deep, 'file'), 'here')
    let used = ''
    const read = (path: string): string => {
      used = path
      return fs.readFileSync(path, 'utf8')
    }
    expect(withSocketPath(join(deep, 'file'), read, 'darwin')).toBe('here')
    expect(Buffer.byteLength(used)).toBeLessThan(104)
    expect(fs.existsSync(used)).toBe(false)
    expect(withSocketPath(join(deep, 'file'), read)).toBe('here')
    expect(Buffer.byteLength(used)).toBeLessThan(104)
  })

  it('of a process that was killed, or ended without closing, is silent; of one that is stopped it answers', async () => {
    const path = join(tempFolder(), 'alive')
    const { child, ended } = await listener(path, 'stay')
    expect(await lookForBeacon(path)).toBe('answers')
    child.kill('SIGSTOP')
    expect(await lookForBeacon(path)).toBe('answers')
    child.kill('SIGKILL')
    await ended
    expect(await lookForBeacon(path)).toBe('silent')
    const exits = join(tempFolder(), 'alive')
    await (await listener(exits, 'exit')).ended
    expect(await lookForBeacon(exits)).toBe('silent')
  })

  it('keeps no process from ending', async () => {
    const path = join(tempFolder(), 'alive')
    await (await listener(path, 'rest')).ended
    expect(await lookForBeacon(path)).toBe('silent')
  })

  it('of a worker is silent once that was terminated, while its process lives', async () => {
    const path = join(tempFolder(), 'alive')
    const { child, line } = await listener(path, 'worker')
    expect(await lookForBeacon(path)).toBe('answers')
    child.stdin?.write('\n')
    expect(await line()).toBe('terminated')
    expect(await lookForBeacon(path)).toBe('silent')
  })

  it.skipIf(!onLinux || !isRoot)('answers through every namespace, and to every user', async () => {
    const path = join(tempFolder(), 'alive')
    fs.chmodSync(join(path, '..'), 0o755)
    const namespaces = [
      'unshare',
      '--mount',
      '--uts',
      '--ipc',
      '--net',
      '--pid',
      '--fork',
      '--mount-proc',
      '--kill-child',
    ]
    const { child, ended } = await listener(path, 'stay', namespaces)
    expect(await lookForBeacon(path)).toBe('answers')
    const ask = `require('node:net').connect(${JSON.stringify(path)}).on('connect', () => process.exit(0)).on('error', () => process.exit(1))`
    execFileSync('setpriv', ['--reuid=65534', '--clear-groups', process.execPath, '-e', ask])
    execFileSync('unshare', ['--net', '--pid', '--fork', process.execPath, '-e', ask])
    child.kill('SIGKILL')
    await ended
    while ((await lookForBeacon(path)) === 'answers') await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await lookForBeacon(path)).toBe('silent')
  })
})

describe('a store', () => {
  const change = {
    refs: ['refs/heads/s/main'] as const,
    prepare: () => ({ objects: [], moves: new Map(), result: 0 }),
  }
  const sockets = (folder: string): string[] =>
    (fs.readdirSync(folder, { recursive: true }) as string[]).filter((name) =>
      fs.lstatSync(join(folder, name)).isSocket(),
    )

  it('has a socket in a container while it is open to write, and none to read or when it is closed', async () => {
    const folder = join(tempFolder(), 'store')
    const writer = new Repository(folder)
    await writer.change(change)
    const [socket, ...more] = sockets(folder)
    expect(more).toEqual([])
    if (localDisk(folder) && !isOutside(processFacts())) expect(basename(socket ?? '')).toBe('owner.alive')
    const reader = new Repository(folder)
    expect(await reader.open()).toBe(true)
    expect(sockets(folder)).toEqual(socket === undefined ? [] : [socket])
    await reader.close()
    await writer.close()
    expect(sockets(folder)).toEqual([])
    expect(fs.readdirSync(join(folder, 'forkpoint/journals'))).toEqual([])
  })

  it.skipIf(!isOutside(processFacts()))('outside of containers can be copied while it is open', async () => {
    const folder = join(tempFolder(), 'store')
    const writer = new Repository(folder)
    await writer.change(change)
    expect(sockets(folder)).toEqual([])
    fs.cpSync(folder, `${folder}-copy`, { recursive: true })
    await writer.close()
  })

  it('that could not be closed properly leaves its locks and journals to the next one of the same process', async () => {
    const folder = join(tempFolder(), 'store')
    const failing: FileSystem = { ...nodeFileSystem }
    const first = new Repository(folder, { fs: failing })
    const { id, objects } = commitOf('one')
    const moves = new Map([['refs/heads/s/main' as const, id]])
    await first.change({ refs: [...moves.keys()], prepare: () => ({ objects, moves, result: 0 }) })
    const [owner = ''] = fs.readdirSync(join(folder, 'forkpoint/journals'))
    fs.linkSync(join(folder, 'forkpoint/journals', owner, 'owner'), join(folder, 'refs/heads/left.lock'))
    failing.syncDir = () => Promise.reject(new Error('the disk does not want to'))
    await expect(first.close()).rejects.toThrow('the disk does not want to')
    if (!localDisk(folder)) return
    const next = new Repository(folder)
    await next.change({ ...change, refs: ['refs/heads/left'] })
    await next.close()
    expect(fs.readdirSync(join(folder, 'forkpoint/journals'))).toEqual([])
  })
})

describe('owners of one folder', () => {
  it('are found by their tokens, adopted ones too', () => {
    const folder = tempFolder()
    const [a, b] = ['a'.repeat(16), 'b'.repeat(16)]
    for (const name of [a, `${b}.by-${a}`, `${a}.done`, 'else']) fs.mkdirSync(join(folder, name))
    expect(ownerFolders(folder).tokens(nodeFileSystem)).toEqual([
      { id: a, token: join(folder, a, 'owner') },
      { id: b, token: join(folder, `${b}.by-${a}`, 'owner') },
    ])
    for (const name of [`${a}.owner`, `${b}.owner.alive`]) fs.writeFileSync(join(folder, name), '')
    expect(ownerFiles(folder).tokens(nodeFileSystem)).toEqual([{ id: a, token: join(folder, `${a}.owner`) }])
  })
})
