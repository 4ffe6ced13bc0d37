import assert from 'node:assert/strict'
import { it } from 'node:test'
import { missingPlatforms } from './complete-lock.ts'

const owner = (optionalDependencies: Record<string, string>) => ({
  version: '1.0.0',
  dev: true,
  license: 'MIT',
  optionalDependencies,
})

it('finds the native parts of other platforms that a lock file lacks', () => {
  const packages = {
    'node_modules/tool': owner({
      '@tool/binding-linux-x64-gnu': '1.0.0',
      '@tool/binding-linux-arm64-musl': '1.0.0',
      '@tool/darwin-arm64': '1.0.0',
      '@tool/binding-wasm32-wasi': '1.0.0',
    }),
    'node_modules/@tool/binding-linux-x64-gnu': { version: '1.0.0' },
  }
  const common = { version: '1.0.0', dev: true, license: 'MIT', optional: true }
  assert.deepEqual(missingPlatforms(packages), {
    'node_modules/@tool/binding-linux-arm64-musl': {
      ...common,
      cpu: ['arm64'],
      libc: ['musl'],
      os: ['linux'],
    },
    'node_modules/@tool/darwin-arm64': { ...common, cpu: ['arm64'], os: ['darwin'] },
    'node_modules/@tool/binding-wasm32-wasi': { ...common, cpu: ['wasm32'] },
  })
})

it('finds nested ones beside their owner or above it', () => {
  const packages = {
    'node_modules/a/node_modules/tool': owner({
      'tool-linux-x64': '1.0.0',
      'tool-darwin-x64': '1.0.0',
    }),
    'node_modules/a/node_modules/tool-linux-x64': { version: '1.0.0' },
    'node_modules/tool-darwin-x64': { version: '1.0.0' },
  }
  assert.deepEqual(missingPlatforms(packages), {})
})

it('refuses to guess a platform', () => {
  assert.throws(
    () => missingPlatforms({ 'node_modules/a': owner({ 'some-extra': '1.0.0' }) }),
    /some-extra/,
  )
})
