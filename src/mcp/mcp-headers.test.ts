import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  checkParamHeaders,
  decodeHeaderValue,
  encodeHeaderValue,
  nameHeaderSource,
  paramHeadersOf,
  readParamAnnotations,
} from './mcp-headers.ts'

const anyString = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
})

describe('header values', () => {
  it('go as they are if they are plain, encoded otherwise', () => {
    assert.equal(encodeHeaderValue('get_weather v2'), 'get_weather v2')
    assert.equal(encodeHeaderValue('Zürich'), '=?base64?WsO8cmljaA==?=')
    assert.equal(encodeHeaderValue(' x'), '=?base64?IHg=?=')
    assert.equal(encodeHeaderValue('=?base64?eA==?='), '=?base64?PT9iYXNlNjQ/ZUE9PT89?=')
    assert.equal(encodeHeaderValue(''), '=?base64??=')
    assert.equal(encodeHeaderValue('a\nb'), '=?base64?YQpi?=')
  })

  it('come back the same, whatever they are', () => {
    fc.assert(
      fc.property(anyString, (value) => {
        const header = encodeHeaderValue(value)
        assert.match(header, /^[\t\x20-\x7e]+$/)
        assert.equal(decodeHeaderValue(` ${header}\t`), value.toWellFormed())
      }),
    )
  })

  it('are refused if their encoding is broken, and literal without the whole sentinel', () => {
    for (const bad of ['=?base64?eA?=', '=?base64?e*==?=', '=?base64?/w==?=', '=?base64?eA===?=']) {
      assert.equal(decodeHeaderValue(bad), undefined, bad)
    }
    assert.equal(decodeHeaderValue('=?base64?eA=='), '=?base64?eA==')
    assert.equal(decodeHeaderValue('eA==?='), 'eA==?=')
    assert.equal(decodeHeaderValue('=?BASE64?eA==?='), '=?BASE64?eA==?=')
    assert.equal(decodeHeaderValue('=?base64?='), '=?base64?=')
  })

  it('name the member that Mcp-Name mirrors', () => {
    assert.equal(nameHeaderSource('tools/call'), 'name')
    assert.equal(nameHeaderSource('resources/read'), 'uri')
    assert.equal(nameHeaderSource('tasks/cancel'), 'taskId')
    assert.equal(nameHeaderSource('tools/list'), undefined)
    assert.equal(nameHeaderSource('constructor'), undefined)
  })
})

describe('annotated parameters', () => {
  const schema = {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      where: {
        type: 'object',
        properties: { zone: { type: 'integer', 'x-mcp-header': 'Zone' } },
      },
      dry: { type: 'boolean', 'x-mcp-header': 'Dry-Run' },
      'x-mcp-header': { type: 'string' },
    },
  }
  const read = readParamAnnotations(schema)
  const headers = read.kind === 'valid' ? read.headers : new Map()

  it('are found in properties at any depth', () => {
    assert.deepEqual(
      [...headers],
      [
        ['region', { path: ['region'], type: 'string' }],
        ['zone', { path: ['where', 'zone'], type: 'integer' }],
        ['dry-run', { path: ['dry'], type: 'boolean' }],
      ],
    )
    assert.deepEqual(readParamAnnotations(undefined), { kind: 'valid', headers: new Map() })
  })

  it('are refused anywhere else, twice, without a token, and on other types', () => {
    const at = (property: object): object => ({ type: 'object', properties: { a: property } })
    const annotated = { type: 'string', 'x-mcp-header': 'A' }
    const bad = [
      annotated,
      at({ type: 'array', items: annotated }),
      at({ anyOf: [annotated] }),
      { $defs: { a: annotated } },
      at({ type: 'number', 'x-mcp-header': 'A' }),
      at({ 'x-mcp-header': 'A' }),
      at({ type: 'string', 'x-mcp-header': '' }),
      at({ type: 'string', 'x-mcp-header': 'a b' }),
      at({ type: 'string', 'x-mcp-header': 7 }),
      { properties: { a: annotated, b: { type: 'string', 'x-mcp-header': 'a' } } },
    ]
    for (const each of bad) assert.equal(readParamAnnotations(each).kind, 'invalid')
  })

  it('make headers of the arguments that are there', () => {
    const args = { region: 'eu', where: { zone: 3 }, dry: null }
    assert.deepEqual(paramHeadersOf(headers, args), { region: 'eu', zone: '3' })
    assert.deepEqual(paramHeadersOf(headers, { where: [], dry: false }), { 'dry-run': 'false' })
    assert.deepEqual(paramHeadersOf(headers, { where: { zone: 2 ** 60 } }), {})
  })

  it('are compared with the headers of a request', () => {
    const args = { region: 'Zürich', where: { zone: 42 }, dry: true }
    const good = {
      'mcp-param-region': '=?base64?WsO8cmljaA==?=',
      'mcp-param-zone': '42.0',
      'mcp-param-dry-run': 'true',
      'mcp-param-other': 'x',
    }
    assert.equal(checkParamHeaders(headers, args, good), undefined)
    const bad: [object, object][] = [
      [args, { ...good, 'mcp-param-region': undefined }],
      [args, { ...good, 'mcp-param-region': 'Bern' }],
      [args, { ...good, 'mcp-param-region': '=?base64?%%%?=' }],
      [args, { ...good, 'mcp-param-zone': '42x' }],
      [args, { ...good, 'mcp-param-zone': '' }],
      [args, { ...good, 'mcp-param-dry-run': 'True' }],
      [{ ...args, dry: null }, good],
      [{ ...args, where: {} }, good],
    ]
    for (const [given, sent] of bad) {
      assert.equal(typeof checkParamHeaders(headers, given as never, sent as never), 'string')
    }
  })
})
