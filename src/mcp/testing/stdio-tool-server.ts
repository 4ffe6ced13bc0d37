import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { createMemory, createToolServer } from './backend-tools.ts'

/** The tool server as a program: `node stdio-tool-server.ts legacy|modern`. */
const memory = createMemory()

if (process.argv[2] === 'modern') {
  serveStdio(
    () => {
      const server = createToolServer(memory)
      memory.announce = () => server.sendToolListChanged()
      return server
    },
    { legacy: 'reject' },
  )
} else {
  const server = createToolServer(memory)
  memory.announce = () => server.sendToolListChanged()
  await server.connect(new StdioServerTransport())
}
