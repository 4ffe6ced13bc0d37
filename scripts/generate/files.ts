import { vmcpConfigSchema } from '../../src/app/vmcp-config-schema.ts'
import { configReference } from './config-reference.ts'

interface GeneratedFile {
  /** From the root of the repository. */
  path: string
  content: string
}

const INTRO = `Every key of the file that \`thv vmcp serve -c FILE\` runs, as \`thv vmcp validate\` checks it. Unknown keys are errors. A key marked
*(ours)* is an addition of this implementation. Durations are written as Go does: \`30s\`, \`5m\`, \`1h30m\`, \`250ms\`. How the parts
work together is told in the [guide](../guides/configure.md); editors can use the
[JSON Schema](vmcp-config.schema.json): put \`# yaml-language-server: $schema=…/vmcp-config.schema.json\` on the first line.`

/** Everything that is generated from schemas. */
export function generatedFiles(): GeneratedFile[] {
  const schema = vmcpConfigSchema()
  return [
    {
      path: 'docs/reference/vmcp-config.schema.json',
      content: `${JSON.stringify(schema, undefined, 2)}\n`,
    },
    {
      path: 'docs/reference/vmcp-config.md',
      content: configReference({ title: 'The vMCP file', intro: INTRO, schema }),
    },
  ]
}
