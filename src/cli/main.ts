#!/usr/bin/env node
import { COMMANDS } from './command-table.ts'
import { startProgram } from './start-program.ts'

await startProgram('thv', COMMANDS)
