// @ts-check
/** npm run test:soak [-- vitest arguments]: the tests with nothing shortened. Takes long. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, FORKPOINT_SOAK: '1' },
})
process.exitCode = status ?? 1
