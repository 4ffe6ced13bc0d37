import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Outcome, Vector } from '../../src/template/testing/vectors.ts'
import { readCorpus } from './corpus.ts'

/** Renders the corpus with Go's text/template. */
export async function renderCorpus(go: string): Promise<Vector[]> {
  const corpus = readCorpus()
  const cases = corpus.map(({ template, data }) => ({ template, data }))
  const outcomes = JSON.parse(await runGo(go, JSON.stringify(cases))) as Outcome[]
  return corpus.map(({ ours, ...rest }, i) => ({
    ...rest,
    go: outcomes[i]!,
    ...(ours && { ours }),
  }))
}

async function runGo(go: string, input: string): Promise<string> {
  const program = join(import.meta.dirname, 'go', 'main.go')
  const child = spawn(go, ['run', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Nothing is fetched: the program needs the standard library only.
    env: { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '', GO111MODULE: 'off' },
  })
  child.stdin.end(input)
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (code !== 0) throw new Error(`go run ended with ${String(code)}`)
  return output
}
