/** The Python package's own tests, where there is a Python that it is for. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/build.ts'

const AT_LEAST_3_9 = 'import sys; sys.exit(sys.version_info < (3, 9))'
const python = [process.env.PYTHON, 'python3', 'python'].find(
  (name) => name !== undefined && spawnSync(name, ['-c', AT_LEAST_3_9]).status === 0,
)
if (python === undefined) {
  console.warn('\n*** NOT TESTED: the Python package. There is no Python 3.9 or newer on this machine. ***\n')
}

test.skipIf(python === undefined)('the tests of the Python package pass', { timeout: 3_600_000 }, () => {
  const { status, stderr } = spawnSync(python!, ['-m', 'unittest', 'discover', '-s', 'tests', '-t', '.'], {
    cwd: join(ROOT, 'python'),
    encoding: 'utf8',
    env: { ...process.env, FORKPOINT_SERVE: join(ROOT, 'dist/cli/main.js'), PYTHONDONTWRITEBYTECODE: '1' },
  })
  expect(status, stderr).toBe(0)
})
