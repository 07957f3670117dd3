// @ts-check
/** A store of your own: one value a key is enough. Here a map; a table of a database is as short. */
import { newMessage, newSession } from 'forkpoint'
import { MapStore } from './own-store/map-store.js'

const store = new MapStore()
await store.save(newSession('tides', { title: 'Why two tides a day?' }))
await store.append('tides', { messages: [newMessage('user', 'Is it the moon alone?')] })

// What it saves follows what it has seen, as in every store.
const [mine, theirs] = [await store.open('tides'), await store.open('tides')]
await theirs.append({ set: { status: 'waiting' } })
await mine.append({ set: { status: 'idle' } }).catch((error) => console.log(`refused: ${error.message}`))

for await (const { id, title, status, messages } of store.list()) console.log({ id, title, status, messages })
await store.fork('tides', { branch: 'moon' }).catch((error) => console.log(`refused: ${error.message}`))
await store.close()
