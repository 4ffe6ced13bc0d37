import { defineErrors } from '../base/errors.ts'

export const appErrors = defineErrors('APP', {
  PORT_TAKEN: {
    fault: 'environment',
    status: 500,
    message: (d: { host: string; port: number; owner?: string }) =>
      `Cannot listen on ${d.host}:${d.port}: the port is taken${d.owner === undefined ? '' : ` by ${d.owner}`}`,
    hint: () => 'End that process, or choose another port with --port (0 = any free one)',
  },
  PORT_FORBIDDEN: {
    fault: 'environment',
    status: 500,
    message: (d: { host: string; port: number }) =>
      `Cannot listen on ${d.host}:${d.port}: not allowed for this user`,
    hint: () => 'Choose a port above 1023 with --port',
  },
  HOST_UNKNOWN: {
    fault: 'environment',
    status: 500,
    message: (d: { host: string }) => `Cannot listen on "${d.host}": not an address of this machine`,
    hint: () => 'Choose an address of this machine with --host, such as 127.0.0.1',
  },
  UNSUPPORTED: {
    fault: 'caller',
    status: 400,
    message: (d: { problems: readonly string[] }) =>
      `Cannot serve this configuration: it asks for what this version cannot do\n${d.problems.join('\n')}`,
    hint: () => 'Take these sections out, or wait for the version that has them',
  },
  UNKNOWN_NAMES: {
    fault: 'caller',
    status: 400,
    message: (d: { problems: readonly string[] }) =>
      `Cannot serve this configuration: it names what no backend offers\n${d.problems.join('\n')}`,
    hint: () => '`thv vmcp validate --live` shows all of them; correct the names or remove them',
  },
})
