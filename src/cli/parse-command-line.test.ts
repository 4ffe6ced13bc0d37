import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isAppError } from '../base/errors.ts'
import type { Command } from './command-spec.ts'
import { COMMANDS } from './command-table.ts'
import { parseCommandLine } from './parse-command-line.ts'
import { renderHelp } from './render-help.ts'
import { VMCP_COMMANDS } from './vmcp-command-table.ts'

const parse = (line: string) => parseCommandLine(line.split(' ').filter(Boolean), COMMANDS)

function flags(line: string, commands = COMMANDS): Readonly<Record<string, unknown>> {
  const request = parseCommandLine(line.split(' '), commands)
  assert.ok(request.kind === 'run')
  return request.flags
}

describe('parseCommandLine', () => {
  it('finds the command and its flags, short and long, with = and without', () => {
    assert.equal(flags('vmcp serve -c a.yaml')['config'], 'a.yaml')
    assert.equal(flags('vmcp serve -ca.yaml')['config'], 'a.yaml')
    assert.equal(flags('vmcp serve --config=a.yaml --port 1')['config'], 'a.yaml')
    assert.equal(flags('vmcp serve')['port'], '4483')
    assert.equal(flags('vmcp serve --stdio')['stdio'], true)
    assert.equal(flags('vmcp serve --stdio=false')['stdio'], false)
    assert.equal(flags('vmcp init -g g -o -')['output'], '-')
    assert.equal(flags('vmcp serve --session-ttl=-5m')['session-ttl'], '-5m')
  })

  it('takes flags before the command too', () => {
    assert.equal(flags('--debug vmcp serve')['debug'], true)
    assert.equal(flags('vmcp --debug serve')['debug'], true)
    const early = flags('--debug -c a.yaml serve --port 5', VMCP_COMMANDS)
    assert.deepEqual([early['debug'], early['config'], early['port']], [true, 'a.yaml', '5'])
  })

  it('takes the arguments of a command, between its flags too', () => {
    const greet: Command = {
      spec: {
        name: 'greet',
        summary: 'Greet somebody',
        arguments: {
          who: { value: 'WHO', about: 'Whom' },
          how: { value: 'HOW', about: 'In which words', optional: true },
        },
        flags: { loud: { kind: 'switch', about: 'Loudly' } },
      },
      load: () => Promise.reject(new Error('not called')),
    }
    const both = flags('greet Ada --loud politely', [greet])
    assert.deepEqual([both['who'], both['how'], both['loud']], ['Ada', 'politely', true])
    assert.equal(flags('greet Ada', [greet])['how'], undefined)
    assert.equal(flags('greet -- --loud', [greet])['who'], '--loud')
    for (const [line, message, hint] of [
      ['greet', 'WHO is missing', 'thv greet WHO [HOW]'],
      ['greet a b c', '"greet" takes no argument "c"', 'thv greet --help'],
    ] as const) {
      assert.throws(
        () => parseCommandLine(line.split(' '), [greet]),
        (error) => isAppError(error) && error.message === message && error.hint === hint,
      )
    }
    const help = renderHelp('thv', 'greet', [greet])
    assert.match(help, /Usage:\n {2}thv greet WHO \[HOW\] \[flags\]/)
    assert.match(help, /Arguments:\n {2}WHO {2}Whom\n {2}HOW {2}In which words/)
  })

  it('shows help for what is asked about', () => {
    assert.deepEqual(parse(''), { kind: 'help', about: '' })
    assert.deepEqual(parse('--help'), { kind: 'help', about: '' })
    assert.deepEqual(parse('help'), { kind: 'help', about: '' })
    assert.deepEqual(parse('vmcp'), { kind: 'help', about: 'vmcp' })
    assert.deepEqual(parse('vmcp -h'), { kind: 'help', about: 'vmcp' })
    assert.deepEqual(parse('vmcp serve --nope -h'), { kind: 'help', about: 'vmcp serve' })
    assert.deepEqual(parse('--version'), { kind: 'version' })
  })

  it('refuses what it does not know, and says what was meant', () => {
    const table: [string, string, string][] = [
      ['vmpc', 'There is no command "vmpc"', 'thv vmcp'],
      ['vmcp sevre', 'There is no command "vmcp sevre"', 'thv vmcp serve'],
      ['vmcp banana', 'There is no command "vmcp banana"', 'thv vmcp --help'],
      ['banana', 'There is no command "banana"', 'thv --help'],
      ['--nope', 'There is no flag --nope', 'thv --help'],
      ['vmcp serve --prot 1', 'There is no flag --prot for "vmcp serve"', '--port'],
      [
        'vmcp serve --banana',
        'There is no flag --banana for "vmcp serve"',
        'thv vmcp serve --help',
      ],
      ['vmcp serve extra', '"vmcp serve" takes no argument "extra"', 'thv vmcp serve --help'],
      ['vmcp serve -c', 'The flag -c needs a value', '-c FILE'],
      ['vmcp serve -c --stdio', 'The flag -c needs a value', '-c FILE'],
      [
        'vmcp serve --stdio=maybe',
        'The flag --stdio is true or false, not "maybe"',
        '--stdio, or --stdio=false',
      ],
    ]
    for (const [line, message, hint] of table) {
      assert.throws(() => parse(line), { message, hint }, line)
    }
  })

  it('throws nothing but its own errors', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'vmcp',
        'serve',
        'version',
        '--',
        '-c',
        '--config',
        '--help',
        '--stdio',
        '--port=1',
        '-',
        '--=',
        '--__proto__',
      ),
      fc.string({ maxLength: 6 }),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        try {
          parseCommandLine(words, COMMANDS)
        } catch (error) {
          assert.ok(isAppError(error), String(error))
        }
      }),
      { numRuns: 2000 },
    )
  })
})
