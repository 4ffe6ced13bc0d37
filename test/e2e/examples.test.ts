import type { ElicitResult } from '@modelcontextprotocol/client'
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { run } from '../../scripts/support/program.ts'
import { ERAS } from '../support/clients.ts'
import { startExample, type Example } from '../support/example.ts'

const SERVED = new Map<string, string>()

/** Every definition in `examples/workflows`, served and called as its first lines say, with real servers. */
function withExample(file: string, tool: string): () => Example {
  SERVED.set(file, tool)
  let example: Example | undefined
  before(async () => void (example = await startExample(file, tool)))
  after(() => example?.[Symbol.asyncDispose]())
  return () => {
    if (example === undefined) throw new Error(`${file} did not start`)
    return example
  }
}

describe('examples/workflows/fan-out.yaml', () => {
  const example = withExample('fan-out.yaml', 'folder_report')

  it('lists a folder, reads each file, and puts all together in order', async () => {
    const { structuredContent } = await example().call({ path: 'notes', lines: 1 })
    assert.partialDeepStrictEqual(structuredContent, {
      files: 3,
      begins: [
        { name: 'ideas.txt', text: 'A lamp that knows when the book falls shut.' },
        { name: 'shopping.md', text: '# Shopping' },
        { name: 'travel.md', text: '# Travel' },
      ],
    })
    const sizes = String(structuredContent?.['sizes'])
    assert.match(sizes, /\[DIR\] archive/)
    assert.match(sizes, /Total: 3 files, 1 directories/)
  })

  it('has a default for all it can be told', async () => {
    const { structuredContent } = await example().call({})
    assert.equal(structuredContent?.['files'], 1)
  })

  it('tells what failed when there is no such folder', async () => {
    const { isError, content, structuredContent } = await example().call({ path: 'nowhere' })
    assert.equal(isError, true)
    assert.equal(structuredContent?.['status'], 'failed')
    assert.match(content[0]?.text ?? '', /nowhere/)
  })

  it('is read-only for clients, because all its steps are', async () => {
    const report = (await example().tools()).find(({ name }) => name === 'folder_report')
    assert.partialDeepStrictEqual(report?.annotations, {
      readOnlyHint: true,
      destructiveHint: false,
      openWorldHint: false,
    })
  })
})

describe('examples/workflows/approval.yaml', () => {
  const example = withExample('approval.yaml', 'save_note')
  const note = (name: string) =>
    readFile(join(example().demo, 'notes', name), 'utf8').catch(() => undefined)

  it('writes a new note without a question', async () => {
    let asked = 0
    const onElicit = (): ElicitResult => {
      asked++
      return { action: 'decline' }
    }
    const { structuredContent } = await example().call(
      { name: 'new.md', text: 'fresh\n' },
      { onElicit },
    )
    assert.deepEqual(structuredContent, { written: true, answer: 'none' })
    assert.equal(await note('new.md'), 'fresh\n')
    assert.equal(asked, 0)
  })

  it('shows clients no other way to write', async () => {
    const names = (await example().tools()).map(({ name }) => name)
    assert.deepEqual(names.toSorted(), [
      'files_list_directory',
      'files_read_text_file',
      'files_search_files',
      'save_note',
    ])
  })

  it('refuses names that are no file names, before anything runs', async () => {
    const call = example().call({ name: '../escape.md', text: 'x' })
    await assert.rejects(call, /name/)
  })

  const OLD = '# Shopping\n\nbread, olive oil, lemons\n'
  const NO: readonly [string, ElicitResult, object][] = [
    ['says no', { action: 'accept', content: { replace: false } }, { answer: 'accept' }],
    ['declines', { action: 'decline' }, { answer: 'decline' }],
  ]
  for (const era of ERAS) {
    for (const [what, answer, expected] of NO)
      it(`leaves the note alone when the user ${what} (${era} client)`, async () => {
        const questions: unknown[] = []
        const onElicit = (params: Record<string, unknown>) => {
          questions.push(params['message'])
          return answer
        }
        const args = { name: 'shopping.md', text: 'nothing' }
        const { structuredContent } = await example().call(args, { era, onElicit })
        assert.deepEqual(structuredContent, { written: false, ...expected })
        assert.deepEqual(questions, [
          'shopping.md exists and has 37 bytes. Replace it with the new text (7 bytes)?',
        ])
        assert.equal(await note('shopping.md'), OLD)
      })

    it(`ends with an error and writes nothing when the user cancels (${era} client)`, async () => {
      const args = { name: 'shopping.md', text: 'nothing' }
      const result = await example().call(args, { era, onElicit: () => ({ action: 'cancel' }) })
      assert.equal(result.isError, true)
      assert.partialDeepStrictEqual(result.structuredContent, {
        status: 'failed',
        failedStep: 'ask',
        steps: { old: { status: 'completed' }, write: { status: 'pending' } },
      })
      assert.equal(await note('shopping.md'), OLD)
    })

    it(`replaces the note when the user agrees (${era} client)`, async () => {
      const args = { name: 'travel.md', text: `packed by a ${era} client` }
      const onElicit = (): ElicitResult => ({ action: 'accept', content: { replace: true } })
      const { structuredContent } = await example().call(args, { era, onElicit })
      assert.deepEqual(structuredContent, { written: true, answer: 'accept' })
      assert.equal(await note('travel.md'), `packed by a ${era} client`)
    })
  }
})

describe('examples/workflows/retry.yaml', () => {
  const example = withExample('retry.yaml', 'check_stock')

  it('asks a busy server again until it answers, each item by itself', async () => {
    const { structuredContent } = await example().call({})
    assert.deepEqual(structuredContent, {
      stock: [
        { item: 'bread', count: 12, tries: 3 },
        { item: 'lemons', count: 40, tries: 3 },
        { item: 'olive oil', count: 3, tries: 3 },
      ],
      unknown: [],
    })
  })

  it('goes on without an item that never works', async () => {
    const { structuredContent } = await example().call({ items: ['unicorn', 'bread'] })
    const { stock, unknown } = structuredContent as {
      stock: object[]
      unknown: { item: string; why: string }[]
    }
    assert.deepEqual(stock, [{ item: 'bread', count: 12, tries: 3 }])
    assert.deepEqual(
      unknown.map(({ item }) => item),
      ['unicorn'],
    )
    assert.match(unknown[0]?.why ?? '', /no such item: unicorn/)
  })
})

describe('examples/workflows/structured.yaml', () => {
  const example = withExample('structured.yaml', 'weather_report')

  it('reads the same from structured content and from text that is JSON', async () => {
    const { structuredContent } = await example().call({ city: 'Chicago' })
    const now = { temperature: 36, conditions: 'Light rain / drizzle' }
    assert.deepEqual(structuredContent, {
      structured: now,
      text: now,
      hint: 'The sum of 36 and 32 is 68.',
      sentence: 'Chicago: Light rain / drizzle at 36 degrees, humidity 82 %.',
    })
  })

  it('refuses a city that is not in its parameters', async () => {
    await assert.rejects(example().call({ city: 'Atlantis' }), /city/)
  })
})

describe('examples/workflows/nested-output.yaml', () => {
  const example = withExample('nested-output.yaml', 'who_is')

  it('gives a result of the shape it has told', async () => {
    const { structuredContent } = await example().call({ about: 'Ada' })
    assert.deepEqual(structuredContent, {
      match: {
        name: 'Ada',
        kind: 'person',
        facts: ['leads the gateway team', 'prefers mornings'],
        links: { outgoing: [{ to: 'Gateway', as: 'leads' }], incoming: [] },
      },
      found: true,
      matches: 1,
      known: 3,
    })
    const tool = (await example().tools()).find(({ name }) => name === 'who_is')
    assert.partialDeepStrictEqual(tool?.outputSchema, {
      type: 'object',
      properties: {
        match: {
          type: 'object',
          properties: {
            links: { type: 'object', properties: { outgoing: { type: 'array' } } },
          },
        },
        found: { type: 'boolean' },
      },
      // The other branch is what a run that does not complete gives.
      anyOf: [{ required: ['found', 'matches'] }, { required: ['status', 'error', 'steps'] }],
    })
  })

  it('goes as deep as the data', async () => {
    const { structuredContent } = await example().call({ about: 'project' })
    assert.partialDeepStrictEqual(structuredContent, {
      match: {
        name: 'Gateway',
        links: {
          outgoing: [],
          incoming: [
            { from: 'Ada', as: 'leads' },
            { from: 'Grace', as: 'contributes to' },
          ],
        },
      },
    })
  })

  it('fills in defaults where there is nothing', async () => {
    const { structuredContent } = await example().call({ about: 'nobody at all' })
    assert.deepEqual(structuredContent, {
      match: { name: '', kind: 'nothing', facts: [], links: { outgoing: [], incoming: [] } },
      found: false,
      matches: 0,
      known: 3,
    })
  })
})

describe('examples/workflows/thousand.yaml', () => {
  const example = withExample('thousand.yaml', 'add_shipping')

  it('calls a tool for each of 1,000 items, and gives the results in their order', async () => {
    const prices = Array.from({ length: 1000 }, (_, at) => at)
    const { structuredContent } = await example().call({ prices })
    assert.equal(structuredContent?.['count'], 1000)
    assert.deepEqual(
      structuredContent?.['sums'],
      prices.map((price) => `The sum of ${price} and 4.5 is ${price + 4.5}.`),
    )
  })

  it('refuses one more', async () => {
    const call = example().call({ prices: Array.from({ length: 1001 }, () => 1) })
    await assert.rejects(call, /prices/)
  })
})

describe('examples/workflows/from-manifest.yaml', () => {
  const example = withExample('from-manifest.yaml', 'note_details')

  it('offers the tool of the manifest beside it', async () => {
    const { structuredContent } = await example().call({})
    const { notes, folders } = structuredContent as {
      notes: { name: string; details: string }[]
      folders: string[]
    }
    assert.deepEqual(
      notes.map(({ name }) => name),
      ['ideas.txt', 'shopping.md', 'travel.md'],
    )
    const size = Buffer.byteLength(await readFile(join(example().demo, 'notes/ideas.txt')))
    assert.match(notes[0]?.details ?? '', new RegExp(`^size: ${size}\n`))
    assert.deepEqual(folders, ['archive'])
  })
})

describe('examples/workflows', () => {
  const files = globSync('*.yaml', { cwd: 'examples/workflows' }).toSorted()
  const isManifest = (file: string) =>
    readFileSync(`examples/workflows/${file}`, 'utf8').includes('\nkind: ')

  it('has no example that is not called here', () => {
    assert.ok(files.length >= 6)
    assert.deepEqual(
      files.filter((file) => !isManifest(file)),
      [...SERVED.keys()].toSorted(),
    )
  })

  it('is listed in its README, with the names of the tools', () => {
    const readme = readFileSync('examples/workflows/README.md', 'utf8')
    for (const [file, tool] of SERVED)
      assert.match(readme, new RegExp(`\\[${file}\\]\\(${file}\\) \\| \`${tool}\``))
  })

  for (const file of files.filter((name) => !isManifest(name)))
    it(`${file} passes validate without a warning`, async () => {
      const args = ['src/cli/main.ts', 'vmcp', 'validate', '-c', `examples/workflows/${file}`]
      const { code, stdout, stderr } = await run(process.execPath, args)
      assert.equal(code, 0, stderr)
      assert.doesNotMatch(stdout + stderr, /warning|note:/)
    })

  it('has the composite tool of the quickstart', () => {
    const toolsOf = (path: string) =>
      (parse(readFileSync(path, 'utf8')) as { compositeTools: object[] }).compositeTools
    assert.deepEqual(
      toolsOf('examples/quickstart/vmcp.yaml'),
      toolsOf('examples/workflows/fan-out.yaml'),
    )
  })
})
