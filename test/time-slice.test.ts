import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TimeSlice } from '../src/time-slice.ts'

let now = 0
beforeEach(async () => {
  await new Promise(setImmediate)
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => vi.restoreAllMocks())

test('a slice is over when its time is, and begins anew with the next turn of the event loop', async () => {
  const slice = new TimeSlice(4)
  now += 3
  expect(slice.isOver()).toBe(false)
  now += 1
  expect(slice.isOver()).toBe(true)
  await slice.next()
  expect(slice.isOver()).toBe(false)
})

test('slices share the time of one turn of the event loop', async () => {
  new TimeSlice(4)
  now += 5
  await Promise.resolve()
  const second = new TimeSlice(4)
  expect(second.isOver()).toBe(true)
  await second.next()
  expect(new TimeSlice(4).isOver()).toBe(false)
})

test('whatever waits has its turn before the next slice', async () => {
  const slice = new TimeSlice(4)
  const order: string[] = []
  setImmediate(() => order.push('other'))
  await slice.next()
  expect(order).toEqual(['other'])
})
