// @ts-check
/**
 * npm run check:wheel: builds the Python wheel, installs it into an empty virtual environment without network, and runs
 * the examples of the READMEs and the command line there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './build.mjs'

const folder = mkdtempSync(join(tmpdir(), 'forkpoint-wheel-'))
const bin = join(folder, 'venv', process.platform === 'win32' ? 'Scripts' : 'bin')

/** @param {string} command @param {string[]} args @param {string} [cwd] */
function run(command, args, cwd = folder) {
  const env = { ...process.env, PIP_NO_INDEX: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1', FORKPOINT_SERVE: '' }
  const { status, error } = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} ended with ${status}`)
}

const python = spawnSync('python3', ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 9))'])
if (python.status !== 0) {
  console.warn(
    '*** NOT CHECKED: the wheel. There is no python3 of 3.9 or newer with venv on this machine. ***',
  )
  process.exit(0)
}

/** The blocks of code for `python` that a page shows; those marked `py` need a model. @param {string} page */
const examplesOf = (page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```python\n([\s\S]*?)^```/gm)].map(([, code]) => code)

try {
  const dist = join(folder, 'dist')
  run('python3', [join(ROOT, 'python', 'build_wheel.py'), dist])
  run('python3', ['-m', 'venv', 'venv'])
  const wheel = join(dist, 'forkpoint-0.1.0-py3-none-any.whl')
  run(join(bin, 'pip'), ['install', '--quiet', '--no-index', wheel])
  const examples = [...examplesOf('README.md'), ...examplesOf('python/README.md')]
  if (examples.length < 2) throw new Error('The READMEs show no Python.')
  for (const [index, code] of examples.entries()) {
    writeFileSync(join(folder, `example-${index}.py`), code ?? '')
    run(join(bin, 'python'), [`example-${index}.py`])
  }
  run(join(bin, 'forkpoint'), ['log', 'my-review'])
  run(join(bin, 'forkpoint'), ['--version'])
  const licences = `import forkpoint, os; f = os.path.dirname(forkpoint.__file__); assert os.path.exists(f + '/py.typed'); print(sum(' (' in line for line in open(f + '/_node/LICENSES.txt', encoding='utf-8') if line[:1].strip()), 'lines name licences')`
  run(join(bin, 'python'), ['-c', licences])
  if (!existsSync(join(folder, 'sessions', 'HEAD'))) throw new Error('The example has saved nothing.')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
