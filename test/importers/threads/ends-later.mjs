// A reading thread that ends when it is asked for a turn that is not among the first three.
import { parentPort, Worker, workerData } from 'node:worker_threads'

const real = new Worker(new URL('../../../dist/importers/aside/thread.js', import.meta.url), { workerData })
real.on('message', (answer) => parentPort.postMessage(answer))
parentPort.on('message', (question) => {
  if (question.kind === 'build' && question.index > 2) throw new RangeError('The thread has no memory left.')
  real.postMessage(question)
})
