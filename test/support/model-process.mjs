/** The model server as a process: plays the script of its argument, prints its address, ends with its input. */
import { ModelServer } from './model-server.mjs'

const server = await ModelServer.start(JSON.parse(process.argv[2] ?? '[]'))
console.log(server.url)
process.stdin.resume().on('end', () => process.exit(0))
