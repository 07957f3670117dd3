/**
 * A process that listens: `node listener.mjs <built object layer> <path> <how it ends>`. Prints `ready` once it answers.
 * `stay`: until it is killed. `exit`: by itself, without closing. `rest`: nothing keeps it from ending. `worker`:
 * a worker listens, and is terminated when a line comes in; then prints `terminated`.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const [built, path, end] = isMainThread ? process.argv.slice(2) : workerData
const { lightBeacon } = await import(pathToFileURL(join(built, 'git/disk/beacon.js')).href)

if (isMainThread && end === 'worker') {
  const worker = new Worker(new URL(import.meta.url), { workerData: [built, path, 'stay'] })
  await new Promise((resolve) => worker.once('message', resolve))
  console.log('ready')
  await new Promise((resolve) => process.stdin.once('data', resolve))
  await worker.terminate()
  console.log('terminated')
  setInterval(() => undefined, 1000)
} else {
  const beacon = await lightBeacon(path)
  const answer = beacon === undefined ? 'refused' : 'ready'
  if (isMainThread) console.log(answer)
  else parentPort.postMessage(answer)
  if (end === 'exit') process.exit(0)
  if (end === 'stay') setInterval(() => undefined, 1000)
}
