import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { tuneCollector } from './tune-collector.ts'

const MODULE = new URL('tune-collector.ts', import.meta.url).href

describe('tuneCollector', () => {
  it('saves full collections of a process that only passes buffers on', () => {
    const plain = fullCollections('')
    const tuned = fullCollections(`(await import(${JSON.stringify(MODULE)})).tuneCollector();`)
    assert.equal(plain.stderr, '')
    assert.equal(tuned.stderr, '')
    // A tenth as a rule; on a busy machine V8 has more time between allocations, and few are left of either.
    assert.ok(tuned.count <= plain.count, `tuned: ${tuned.count}, plain: ${plain.count}`)
  })

  it('leaves an older V8 as it is', () => {
    assert.equal(tuneCollector('13.6.233.10-node.28'), false)
  })
})

/** Passes 2 GB through in buffers of 100 kB, a few held at a time, and counts the full collections. */
function fullCollections(before: string): { count: number; stderr: string } {
  const code = `${before}
    const { PerformanceObserver, constants } = await import('node:perf_hooks')
    let count = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count++
      }
    }).observe({ entryTypes: ['gc'] })
    const ring = []
    for (let i = 0; i < 20000; i++) {
      ring[i % 32] = Buffer.allocUnsafeSlow(102400)
      if (i % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    console.log(count)`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  })
  return { count: Number(child.stdout), stderr: child.stderr }
}
