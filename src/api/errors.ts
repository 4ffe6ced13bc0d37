import { defineErrors } from '../base/errors.ts'

export const apiErrors = defineErrors('API', {
  NOT_LOCAL: {
    fault: 'caller',
    status: 403,
    message: (d: { address: string }) => `Runs are shown on this machine only, not to ${d.address}`,
    hint: () => 'Ask on the machine (or in the pod) that the gateway runs on, or forward its port',
  },
  NO_KEY: {
    fault: 'caller',
    status: 401,
    message: (d: { given: boolean }) =>
      d.given
        ? 'That is not the key of the API'
        : 'Runs are for who has the key of the API: the request has none',
    hint: () =>
      'thv workflow sends it by itself; else: -H "Authorization: Bearer $(cat ~/.local/state/toolhive/api-key)"',
  },
  CLOSED: {
    fault: 'environment',
    status: 403,
    message: (_: object) => 'Runs are not shown: the gateway has no key of the API',
    hint: () => 'Its log says why; give it and whoever asks the same THV_API_KEY',
  },
  BAD_ORIGIN: {
    fault: 'caller',
    status: 403,
    message: (d: { problem: string; hint?: string | undefined }) => d.problem,
    hint: (d: { hint?: string | undefined }) =>
      d.hint ?? 'Call it from this machine, by the address it listens on',
  },
  NO_ROUTE: {
    fault: 'caller',
    status: 404,
    message: (d: { path: string }) => `There is nothing at ${d.path}`,
    hint: () => 'GET /api/workflows lists the runs',
  },
  BAD_METHOD: {
    fault: 'caller',
    status: 405,
    message: (d: { method: string; path: string; allowed: string }) =>
      `${d.path} takes ${d.allowed}, not ${d.method}`,
  },
  NOT_JSON: {
    fault: 'caller',
    status: 415,
    message: (_: object) => 'What changes something is posted as application/json',
    hint: () => "-H 'content-type: application/json' -d '{}'",
  },
  BAD_BODY: {
    fault: 'caller',
    status: 400,
    message: (d: { reason: string }) => `The body ${d.reason}`,
    hint: () => '{} or {"reason": "…"}',
  },
  BAD_QUERY: {
    fault: 'caller',
    status: 400,
    message: (d: { name: string; value: string; wanted: string }) =>
      `The parameter ${d.name} is ${d.wanted}, not "${d.value}"`,
  },
  UNKNOWN_PARAMETER: {
    fault: 'caller',
    status: 400,
    message: (d: { name: string; known: readonly string[] }) =>
      `There is no parameter "${d.name}" here`,
    hint: (d: { name: string; known: readonly string[] }) =>
      d.known.length === 0 ? 'Leave it out' : `There are ${d.known.join(', ')}`,
  },
  NOT_UNDER_WAY: {
    fault: 'caller',
    status: 409,
    message: (d: { run: string; status: string }) => `Run "${d.run}" is ${d.status} already`,
  },
  BAD_ANSWER: {
    fault: 'caller',
    status: 400,
    message: (d: { reason: string }) => `The answer ${d.reason}`,
    hint: () => '{"action":"accept","content":{…}}, {"action":"decline"} or {"action":"cancel"}',
  },
  NO_QUESTION: {
    fault: 'caller',
    status: 409,
    message: (d: { run: string; status: string; owner: string; open: readonly string[] }) =>
      d.open.length > 0
        ? `Run "${d.run}" has these questions open: ${d.open.join(', ')}`
        : `Run "${d.run}" is ${d.status} and has no question open here`,
    hint: (d: { run: string; status: string; owner: string; open: readonly string[] }) => {
      if (d.open.length > 0) return 'Say which: --question NAME, or "question" in the body'
      if (d.status === 'waiting') return `Ask the gateway that has the run: ${d.owner}`
      return undefined
    },
  },
  UNKNOWN_TOOL: {
    fault: 'caller',
    status: 404,
    message: (d: { tool: string }) => `There is no composite tool "${d.tool}"`,
    hint: () => 'GET /api/workflows/definitions lists them',
  },
  TOO_MANY_WATCHERS: {
    fault: 'environment',
    status: 503,
    message: (d: { limit: number }) => `${d.limit} clients watch runs already`,
  },
})
