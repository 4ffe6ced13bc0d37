import { defineErrors } from '../base/errors.ts'

export const appErrors = defineErrors('APP', {
  UNSUPPORTED: {
    fault: 'caller',
    status: 400,
    message: (d: { problems: readonly string[] }) =>
      `Cannot serve this configuration: it asks for what this version cannot do\n${d.problems.join('\n')}`,
    hint: () => 'Take these sections out, or wait for the version that has them',
  },
  METRICS_PORT: {
    fault: 'environment',
    status: 500,
    message: (d: { host: string; port: number; reason: string }) =>
      `Cannot serve metrics on ${d.host}:${d.port}: ${d.reason}`,
    hint: () => 'Set telemetry.prometheusPort to a free port, or leave it out',
  },
  UNKNOWN_NAMES: {
    fault: 'caller',
    status: 400,
    message: (d: { problems: readonly string[] }) =>
      `Cannot serve this configuration: it names what no backend offers\n${d.problems.join('\n')}`,
    hint: () => '`thv vmcp validate --live` shows all of them; correct the names or remove them',
  },
})
