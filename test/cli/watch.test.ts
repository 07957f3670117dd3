import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { TranscriptBuilder } from '../importers/transcript-builder.ts'
import { ROOT } from '../support/build.ts'
import { forkpointHere, workFolder } from './command-line.ts'

const cwd = await workFolder()
const home = join(cwd, 'home')
const projects = join(home, '.claude/projects/x')
mkdirSync(projects, { recursive: true })
const env = { HOME: home, PATH: process.env.PATH!, XDG_CACHE_HOME: join(cwd, 'cache') }
const run = (...args: string[]) => forkpointHere(args, { cwd, env })

const MAIN = join(ROOT, 'dist/cli/main.js')

function transcript(id: string): string {
  const builder = new TranscriptBuilder(id)
  builder.prompt('hello')
  builder.reply([{ type: 'text', text: 'hi' }])
  const file = join(projects, `${id}.jsonl`)
  writeFileSync(file, `${builder.lines.join('\n')}\n`)
  return file
}

it('a watch imports what is there and ends when it is told to; a second one of the store is refused', async () => {
  transcript('one')
  const watch = spawn(process.execPath, [MAIN, 'watch', '--tool', 'claude-code'], { cwd, env })
  let printed = ''
  watch.stdout.on('data', (chunk: Buffer) => {
    printed += chunk
  })
  while (!printed.includes('\n')) await once(watch.stdout, 'data')
  expect(printed).toMatch(/^imported {3}one/)
  const second = await run('watch', '--tool', 'claude-code')
  expect(second.code).toBe(1)
  expect(second.stderr).toContain("Another process runs 'watch' on the store")
  watch.kill('SIGTERM')
  expect((await once(watch, 'exit'))[0]).toBe(0)
})

it('a watch needs to know which tool, and where', async () => {
  expect((await run('watch', '--tool', 'nothing')).code).toBe(2)
  expect((await run('watch', '--folder', '.')).code).toBe(2)
})

it('a hook is shown, put into the settings, runs as the tool would run it, and is taken out again', async () => {
  const real = join(cwd, 'dotfiles.json')
  const settings = join(home, '.claude/settings.json')
  writeFileSync(real, '{\n  "model": "opus"\n}\n')
  symlinkSync(real, settings)
  expect((await run('hook', 'install', 'claude-code')).code).toBe(2)
  expect((await run('hook', 'install', 'emacs', '-y')).code).toBe(2)
  const installed = spawn(process.execPath, [MAIN, 'hook', 'install', 'claude-code', '--yes'], { cwd, env })
  expect((await once(installed, 'exit'))[0]).toBe(0)
  const { hooks, model } = JSON.parse(readFileSync(real, 'utf8'))
  expect(model).toBe('opus')

  const file = transcript('two')
  const [{ command }] = hooks.Stop[0].hooks
  const tool = spawn('sh', ['-c', command], { cwd: home, env })
  let printed = ''
  tool.stdout.on('data', (chunk: Buffer) => {
    printed += chunk
  })
  tool.stdin.end(JSON.stringify({ session_id: 'two', transcript_path: file, hook_event_name: 'Stop' }))
  expect((await once(tool, 'exit'))[0]).toBe(0)
  expect(printed).toBe('')
  expect((await run('show', 'two')).code).toBe(0)

  expect((await run('hook', 'remove', 'claude-code', '-y')).stdout).toContain('does not import')
  expect(readFileSync(real, 'utf8')).toBe('{\n  "model": "opus"\n}\n')
  expect((await run('hook', 'remove', 'claude-code', '-y')).stdout).toContain('has no hook of forkpoint')
  expect(existsSync(join(home, '.codex'))).toBe(false)
})

it('a hook with files keeps those of the project with the turn, and the turn when it cannot', async () => {
  const project = join(cwd, 'project')
  mkdirSync(join(project, 'src'), { recursive: true })
  writeFileSync(join(project, 'src/main.ts'), 'export {}\n')
  const told = async (id: string, place: string) => {
    const file = transcript(id)
    const text = JSON.stringify({ session_id: id, transcript_path: file, cwd: join(place, 'src') })
    const environment = { ...env, CLAUDE_PROJECT_DIR: place }
    return forkpointHere(['hook', 'run', 'claude-code', '--files', text], { cwd, env: environment })
  }
  expect((await told('three', project)).code).toBe(0)
  expect((await run('files', 'three')).stdout).toBe('src/main.ts\n')

  const { code, stderr } = await told('four', join(cwd, 'nowhere'))
  expect([code, stderr]).toEqual([1, expect.stringContaining('nowhere')])
  expect((await run('show', 'four')).stdout).toContain('hello')
})
