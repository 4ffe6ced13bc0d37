import assert from 'node:assert/strict'
import { it } from 'node:test'
import { testedBlocks } from './tested-blocks.ts'

it('finds the marked blocks with their language and line, and no others', () => {
  const page = [
    '# Title',
    '```yaml tested',
    'name: a',
    '```',
    '```yaml',
    'name: not marked',
    '```',
    '````md',
    '```json tested',
    '{ "inside": "another block" }',
    '```',
    '````',
    '~~~sh tested',
    'echo hello',
    '~~~',
  ].join('\n')
  assert.deepEqual(testedBlocks(page), [
    { language: 'yaml', line: 2, text: 'name: a\n' },
    { language: 'sh', line: 13, text: 'echo hello\n' },
  ])
})
