#!/usr/bin/env node
import { VERSION } from './version.ts'

const args = process.argv.slice(2)
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  console.log(VERSION)
} else {
  // Loaded only here, so that `--version` is fast.
  const { runCli } = await import('./program.ts')
  process.exitCode = await runCli(args, process, process.env)
}
