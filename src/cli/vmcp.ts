#!/usr/bin/env node
import { startProgram } from './start-program.ts'
import { VMCP_COMMANDS } from './vmcp-command-table.ts'

await startProgram('vmcp', VMCP_COMMANDS)
