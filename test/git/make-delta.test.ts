import fc from 'fast-check'
import { expect, it } from 'vitest'
import { applyDelta } from '../../src/git/objects/delta.ts'
import { makeDelta } from '../../src/git/objects/make-delta.ts'

const parts = fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 6 })

it('a delta makes its target of its base, whatever they are', () => {
  fc.assert(
    fc.property(parts, fc.array(fc.nat(5), { maxLength: 12 }), parts, (pool, order, others) => {
      const base = Buffer.concat(pool)
      const target = Buffer.concat(order.flatMap((n) => [pool[n % pool.length]!, others[n % others.length]!]))
      const delta = makeDelta(base, target)
      if (delta !== undefined) expect(applyDelta(base, delta, 1 << 20).equals(target)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

it('a delta of long objects is short where they are alike', () => {
  let x = 1
  const random = (): number => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    return x >>> 24
  }
  const base = Buffer.from(Array.from({ length: 300_000 }, random))
  const target = Buffer.concat([base.subarray(0, 100_000), Buffer.from('inserted'), base.subarray(100_000)])
  const delta = makeDelta(base, target)!
  expect(applyDelta(base, delta, 1 << 20).equals(target)).toBe(true)
  expect(delta.length).toBeLessThan(200)
})
