/**
 * The last line of `.ci/run`, counted from the reports of vitest.
 *
 *     node scripts/ci-report.mjs --failed <report>                              the files with failures, a line each
 *     node scripts/ci-report.mjs [--second <report>] <report …> -- [step …]     failures, then the counts
 *
 * `--second` is the report of a second run of the files that failed; what failed at first and passed then counts as passed and
 * is named. A step that failed counts as one failure, and so does a report that is missing.
 */
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

/** @typedef {{ status: string, fullName: string, failureMessages: string[] }} Test */
/** @typedef {{ name: string, status: string, message: string, assertionResults: Test[] }} TestFile */

const args = process.argv.slice(2)
if (args[0] === '--failed') {
  for (const file of testFiles(args[1])) if (file.status === 'failed') console.log(relative('', file.name))
} else summarize()

function summarize() {
  const second = args[0] === '--second' ? args.splice(0, 2)[1] : undefined
  const end = args.indexOf('--')
  const steps = args.slice(end + 1)
  const again = new Map(testFiles(second).map((file) => [file.name, file]))
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const path of args.slice(0, end)) {
    if (!existsSync(path)) steps.push(`no ${path}`)
    for (const first of testFiles(path)) {
      const file = again.get(first.name) ?? first
      if (file !== first) namePassedLater(first, file)
      for (const { status, fullName, failureMessages } of file.assertionResults) {
        if (status === 'passed') sum.passed++
        else if (status !== 'failed') sum.skipped++
        else {
          sum.failed++
          console.log(`FAILED: ${relative('', file.name)}: ${fullName}\n  ${firstLines(failureMessages)}`)
        }
      }
      // A file that cannot be loaded, or whose hooks fail, has no test to name.
      if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')) {
        sum.failed++
        console.log(`FAILED: ${relative('', file.name)}\n  ${firstLines([file.message])}`)
      }
    }
  }
  const failed = sum.failed + steps.length
  console.log(`${sum.passed} passed, ${failed} failed, ${sum.skipped} skipped`)
  process.exitCode = failed > 0 || sum.passed === 0 ? 1 : 0
}

/** @param {TestFile} first @param {TestFile} later */
function namePassedLater(first, later) {
  const failing = new Set(
    later.assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  )
  for (const { status, fullName, failureMessages } of first.assertionResults)
    if (status === 'failed' && !failing.has(fullName))
      console.log(
        `PASSED AT THE SECOND TRY: ${relative('', first.name)}: ${fullName}\n  ${firstLines(failureMessages)}`,
      )
}

/** @param {string | undefined} path @returns {TestFile[]} */
function testFiles(path) {
  return path !== undefined && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).testResults : []
}

/** @param {string[]} messages */
function firstLines(messages) {
  return (messages[0] ?? '').split('\n').slice(0, 6).join('\n  ')
}
