import { toJsonSchema, type JsonSchema } from '../schema/to-json-schema.ts'
import { vmcpFile } from './config/vmcp-config.ts'

/** The JSON Schema of the vMCP file, for editors and the reference page. */
export function vmcpConfigSchema(): JsonSchema {
  return { title: 'vMCP configuration', ...toJsonSchema(vmcpFile) }
}
