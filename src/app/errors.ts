import { defineErrors } from '../base/errors.ts'
import { renderProblem, type Problem } from '../schema/problem.ts'

/** Of the key that is made of the fleet's; not an id that a file can give. */
export const FLEET_KEY_ID = '~cluster'

export const appErrors = defineErrors('APP', {
  UNSUPPORTED: {
    fault: 'caller',
    status: 400,
    message: (d: { problems: readonly string[] }) =>
      `Cannot serve this configuration: it asks for what this version cannot do\n${d.problems.join('\n')}`,
    hint: () => 'Take these sections out, or wait for the version that has them',
  },
  SESSION_PASSWORD_MISSING: {
    fault: 'caller',
    status: 400,
    message: (d: { variable: string }) =>
      `Cannot log in to Redis: sessionStorage.passwordRef names a Secret, and ${d.variable} is not set`,
    hint: (d: { variable: string }) =>
      `The operator sets it from the Secret; elsewhere start with ${d.variable}=…, or remove passwordRef`,
  },
  SESSION_FILE_UNREADABLE: {
    fault: 'environment',
    status: 400,
    message: (d: { field: string; path: string; reason: string }) =>
      `Cannot read "${d.path}" of ${d.field}: ${d.reason}`,
    hint: (d: { field: string }) => `Set ${d.field} to a file that this user may read`,
  },
  SESSION_KEY_INVALID: {
    fault: 'caller',
    status: 400,
    message: (d: { field: string; source: string }) =>
      `Cannot seal with what "${d.source}" of ${d.field} holds: it is no key`,
    hint: () => 'A key is 32 bytes in base64 or hexadecimal: openssl rand -base64 32',
  },
  API_KEY: {
    fault: 'environment',
    status: 500,
    message: (d: { file: string; reason: string }) =>
      `Cannot use the key of the API in "${d.file}": ${d.reason}`,
    hint: () =>
      'chmod 600 the file, or delete it and restart the gateway; without a folder give gateway and commands the same THV_API_KEY',
  },
  STATE_KEY_SEALED: {
    fault: 'caller',
    status: 400,
    message: (d: { id: string }) =>
      d.id === FLEET_KEY_ID
        ? 'Cannot share what the other replicas store: it was sealed with another key of the fleet'
        : `Cannot open the key that is stored with the sessions: it was sealed with the key "${d.id}"`,
    hint: (d: { id: string }) =>
      d.id === FLEET_KEY_ID
        ? 'Set THV_CLUSTER_KEY (or cluster.keyFile) to what the other replicas have'
        : `Add the key "${d.id}" to sessionStorage.encryption.keys; if it is lost, delete the entry "key:state" under keyPrefix: open cursors and task handles end`,
  },
  STATE_KEY_PLAIN: {
    fault: 'caller',
    status: 400,
    message: (_: object) =>
      'Cannot seal what the store has in plain text: gateways run, or did ten seconds ago, that have no key to seal it with',
    hint: () => 'To introduce a key stop all replicas first, then start them with it',
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
    message: (d: { problems: readonly Problem[] }) =>
      `Cannot serve this configuration: it names what no backend offers\n${d.problems.map(renderProblem).join('\n')}`,
    hint: () => '`thv vmcp validate --live` shows all of them; correct the names or remove them',
  },
  NOT_OFFERED: {
    fault: 'environment',
    status: 503,
    message: (d: { tool: string; away: readonly string[] }) =>
      d.away.length > 0
        ? `"${d.tool}" cannot be run: not reached: ${d.away.join(', ')}`
        : `"${d.tool}" cannot be run: a tool of its steps is not there, or its name is taken`,
    hint: () => 'thv vmcp validate --live -c FILE says what is missing',
  },
  RUN_REFUSED: {
    fault: 'caller',
    status: 400,
    message: (d: { tool: string; reason: string }) => `Cannot run "${d.tool}": ${d.reason}`,
  },
})
