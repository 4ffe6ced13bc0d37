import { createChildProcesses } from '../child-process.ts'

/** Owns a family (see `family.ts`) and passes on what it prints, until it is killed. */
createChildProcesses().spawn(
  {
    command: process.execPath,
    args: [new URL('./family.ts', import.meta.url).pathname, 'stubborn'],
    env: {},
  },
  { onStdout: (chunk) => process.stdout.write(chunk), onStderr() {}, onExit() {} },
)
setInterval(() => {}, 1000)
