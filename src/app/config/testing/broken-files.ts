/** A file with mistakes, and exactly what is said about it. */
interface BrokenFile {
  readonly title: string
  /** Added to a small valid file of 7 lines, so it begins at line 8; with `!` in front it is the whole file. */
  readonly yaml: string
  readonly problems: readonly string[]
}

/** One row per way to get a file wrong. */
export const BROKEN_FILES: readonly BrokenFile[] = [
  {
    title: 'an empty file',
    yaml: lines('!'),
    problems: ['f:1:1: is empty (`thv vmcp init` writes a file to start from)'],
  },
  {
    title: 'all that is missing',
    yaml: lines('!name: x'),
    problems: [
      'f:1:1 groupRef: is required',
      'f:1:1 incomingAuth: is required',
      'f:1:1 outgoingAuth: is required',
      'f:1:1 aggregation: is required',
    ],
  },
  {
    title: 'a misspelt section as one mistake',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incommingAuth: { type: anonymous }',
      'outgoingAuth: { source: inline }',
      'aggregation:',
      '  conflictResolution: prefix',
      '  conflictResolutionConfig: { prefixFormat: "{workload}_" }',
    ),
    problems: ['f:3:1 incommingAuth: is not a known key (did you mean "incomingAuth"?)'],
  },
  {
    title: 'a fleet that shares nothing',
    yaml: lines('cluster: { advertise: "https://a.example:4490" }'),
    problems: [
      'f:8:10 cluster: has no effect without a shared sessionStorage.provider (set it to redis, or to sqlite with one file for all on one machine)',
      'f:8:23 cluster.advertise: must be a http:// address without `tls`',
    ],
  },
  {
    title: 'a grace period that the delay uses up',
    yaml: lines('operational:', '  drain: { delay: 28s, gracePeriod: 30s }'),
    problems: [
      'f:9:37 operational.drain.gracePeriod: leaves no time for calls in flight after a delay of 28000 ms and 2000 ms headroom (make it longer, or shorten drain.delay)',
    ],
  },
  {
    title: 'a key in the wrong section',
    yaml: lines('operational:', '  healthCheckInterval: 5s'),
    problems: [
      'f:9:3 operational.healthCheckInterval: is not a known key (it belongs in operational.failureHandling)',
    ],
  },
  {
    title: 'a password in the file',
    yaml: lines(
      'sessionStorage:',
      '  provider: redis',
      '  password: x',
      '  sentinel: { masterName: m, addresses: ["a:1"], password: y }',
    ),
    problems: [
      'f:10:3 sessionStorage.password: is not a known key (no password in the file: set THV_SESSION_REDIS_PASSWORD; in Kubernetes `passwordRef` names its Secret)',
      'f:11:50 sessionStorage.sentinel.password: is not a known key (no password in the file: set THV_SESSION_REDIS_SENTINEL_PASSWORD)',
    ],
  },
  {
    title: 'a key twice',
    yaml: lines('metadata: { a: x, a: y }'),
    problems: ['f:8:19: this key is there twice in one map (remove one of the two)'],
  },
  {
    title: 'two sections of the same name',
    yaml: lines('audit: {}', 'audit: {}'),
    problems: ['f:9:1: this key is there twice in one map (remove one of the two)'],
  },
  {
    title: 'backends without an address',
    yaml: lines('backends:', '  - name: a', '  - name: b', '    transport: stdio'),
    problems: [
      'f:9:5 backends[0]: has no `url` (give it a url, or a command for stdio)',
      'f:10:5 backends[1]: is stdio but has no `command`',
    ],
  },
  {
    title: 'backends with keys of the other kind',
    yaml: lines(
      'backends:',
      '  - name: a',
      '    url: http://a',
      '    args: [x]',
      '  - name: b',
      '    command: x',
      '    url: http://b',
      '    headers: { A: b }',
    ),
    problems: [
      'f:11:11 backends[0].args: goes only with transport stdio',
      'f:14:10 backends[1].url: does not go with transport stdio',
      'f:15:14 backends[1].headers: does not go with transport stdio',
    ],
  },
  {
    title: 'a bad url and transport',
    yaml: lines('backends:', '  - { name: a, url: "ws://a", transport: websocket }'),
    problems: [
      'f:9:21 backends[0].url: must be an http:// or https:// URL',
      'f:9:42 backends[0].transport: must be one of streamable-http, streamable, sse, stdio, not "websocket"',
    ],
  },
  {
    title: 'two backends of one name',
    yaml: lines(
      'backends:',
      '  - { name: a, url: "http://a" }',
      '  - { name: a, url: "http://b" }',
    ),
    problems: ['f:10:13 backends[1].name: there is already a backend "a"'],
  },
  {
    title: 'a CA bundle that is not for an entry, and one that is no good path',
    yaml: lines(
      'backends:',
      '  - { name: a, url: "http://a", caBundlePath: /x.pem }',
      '  - { name: b, url: "http://b", type: entry, caBundlePath: ../x.pem }',
    ),
    problems: [
      'f:9:47 backends[0].caBundlePath: goes only with `type: entry`',
      'f:10:60 backends[1].caBundlePath: must be an absolute path without ".."',
    ],
  },
  {
    title: 'a backend that is stateless and has sessions',
    yaml: lines(
      'backends:',
      '  - { name: a, url: "http://a", stateless: true, sessions: perSession }',
    ),
    problems: ['f:9:60 backends[0].sessions: contradicts `stateless: true`'],
  },
  {
    title: 'header names and values that are not',
    yaml: lines(
      'backends:',
      '  - name: a',
      '    url: http://a',
      '    headers: { "a b": c, D: "e\\nf" }',
    ),
    problems: [
      'f:11:16 backends[0].headers["a b"]: "a b" is not allowed as a name',
      'f:11:29 backends[0].headers.D: must be a header value: no line breaks or control characters',
    ],
  },
  {
    title: 'references to backends that are not there',
    yaml: lines(
      'backends:',
      '  - { name: github, url: "http://a" }',
      'operational: { timeouts: { perWorkload: { gitub: 3s } } }',
    ),
    problems: [
      'f:10:50 operational.timeouts.perWorkload.gitub: there is no backend "gitub" (did you mean "github"?)',
    ],
  },
  {
    title: 'references to backends that are not there, in aggregation',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'backends: [{ name: github, url: "http://a" }]',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth:',
      '  source: inline',
      '  backends:',
      '    jira: { type: unauthenticated }',
      'aggregation:',
      '  conflictResolution: priority',
      '  conflictResolutionConfig:',
      '    priorityOrder: [github, gihub, github]',
      '  tools:',
      '    - workload: githup',
      '    - workload: github',
      '    - workload: github',
    ),
    problems: [
      'f:8:11 outgoingAuth.backends.jira: there is no backend "jira" (backends: github)',
      'f:12:29 aggregation.conflictResolutionConfig.priorityOrder[1]: there is no backend "gihub" (did you mean "github"?)',
      'f:12:36 aggregation.conflictResolutionConfig.priorityOrder[2]: "github" is there twice',
      'f:14:17 aggregation.tools[0].workload: there is no backend "githup" (did you mean "github"?)',
      'f:16:17 aggregation.tools[2].workload: "github" is there twice',
    ],
  },
  {
    title: 'strategies without what they need',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth: { source: inline }',
      'aggregation: { conflictResolution: priority, conflictResolutionConfig: {} }',
    ),
    problems: [
      'f:5:72 aggregation.conflictResolutionConfig: needs `priorityOrder` for the strategy priority',
    ],
  },
  {
    title: 'manual without tools',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth: { source: inline }',
      'aggregation: { conflictResolution: manual, conflictResolutionConfig: {} }',
    ),
    problems: ['f:5:14 aggregation.tools: must have at least one item for the strategy manual'],
  },
  {
    title: 'prefix without its format',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth: { source: inline }',
      'aggregation: { conflictResolution: prefix, conflictResolutionConfig: {} }',
    ),
    problems: [
      'f:5:70 aggregation.conflictResolutionConfig: needs `prefixFormat` for the strategy prefix (write prefixFormat: "{workload}_")',
    ],
  },
  {
    title: 'an empty conflictResolutionConfig, and one that is missing',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth: { source: inline }',
      'aggregation:',
      '  conflictResolution: prefix',
      '  conflictResolutionConfig:',
    ),
    problems: ['f:7:3 aggregation.conflictResolutionConfig: is required'],
  },
  {
    title: 'deny with a priority that is hidden by it',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth: { source: inline }',
      'aggregation:',
      '  conflictResolution: priority',
      '  conflictResolutionConfig: { priorityOrder: [a, b] }',
      '  defaultToolVisibility: deny',
      '  tools: [{ workload: a }]',
    ),
    problems: [
      'f:7:50 aggregation.conflictResolutionConfig.priorityOrder[1]: "b" has no item in aggregation.tools, so defaultToolVisibility: deny hides it (add an item to aggregation.tools)',
    ],
  },
  {
    title: 'an empty override and a wrong hint',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth: { source: inline }',
      'aggregation:',
      '  conflictResolution: prefix',
      '  conflictResolutionConfig: { prefixFormat: x }',
      '  tools:',
      '    - workload: a',
      '      overrides:',
      '        one: {}',
      '        two: { annotations: { readOnly: true } }',
      '        three: { annotations: { readOnlyHint: "yes" } }',
    ),
    problems: [
      'f:11:14 aggregation.tools[0].overrides.one: changes nothing (give it a name, a description or annotations)',
      'f:12:31 aggregation.tools[0].overrides.two.annotations.readOnly: is not a known key (known keys: destructiveHint, idempotentHint, openWorldHint, readOnlyHint, title)',
      'f:13:47 aggregation.tools[0].overrides.three.annotations.readOnlyHint: must be true or false, not "yes" (write true)',
    ],
  },
  {
    title: 'oidc without its block, and a block that does not fit',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth:',
      '  type: local',
      '  oidc: { issuer: https://i, audience: a }',
      '  authz: { type: cedar }',
      'outgoingAuth: { source: inline }',
      'aggregation: { conflictResolution: prefix, conflictResolutionConfig: { prefixFormat: x } }',
    ),
    problems: [
      'f:5:9 incomingAuth.oidc: does not go with the type local (write type: oidc)',
      'f:6:10 incomingAuth.authz.policies: must have at least one policy for the type cedar',
    ],
  },
  {
    title: 'oidc that misses its block',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth: { type: oidc }',
      'outgoingAuth: { source: inline }',
      'aggregation: { conflictResolution: prefix, conflictResolutionConfig: { prefixFormat: x } }',
    ),
    problems: [
      'f:3:15 incomingAuth: has the type oidc but no `oidc` block (add oidc with issuer and audience)',
    ],
  },
  {
    title: 'outgoing strategies that lack or mix blocks',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth:',
      '  source: inline',
      '  default: { type: headerInjection }',
      '  backends:',
      '    a: { type: header_injection }',
      '    b: { type: unauthenticated, headerInjection: { headerName: X, headerValue: y } }',
      '    c: { type: header_injection, headerInjection: { headerName: X } }',
      '    d: { type: header_injection, headerInjection: { headerName: X, headerValue: y, headerValueEnv: Z } }',
      '    e: { type: aws_sts }',
      '    f: { type: obo, obo: { tokenUrl: https://t, clientSecret: a, clientSecretEnv: EMPTY } }',
      'aggregation: { conflictResolution: prefix, conflictResolutionConfig: { prefixFormat: x } }',
    ),
    problems: [
      'f:6:20 outgoingAuth.default.type: must be one of unauthenticated, header_injection, token_exchange, upstream_inject, aws_sts, obo, xaa, not "headerInjection" (did you mean "header_injection"?)',
      'f:8:8 outgoingAuth.backends.a: has the type header_injection but no `headerInjection` block',
      'f:9:50 outgoingAuth.backends.b.headerInjection: does not go with the type unauthenticated (write type: header_injection)',
      'f:10:51 outgoingAuth.backends.c.headerInjection: needs exactly one of `headerValue` and `headerValueEnv`',
      'f:11:51 outgoingAuth.backends.d.headerInjection: needs exactly one of `headerValue` and `headerValueEnv`',
      'f:11:100 outgoingAuth.backends.d.headerInjection.headerValueEnv: names the environment variable Z, which is not set (set it, or name another)',
      'f:12:8 outgoingAuth.backends.e: has the type aws_sts but no `awsSts` block',
      'f:13:26 outgoingAuth.backends.f.obo: has both `clientSecret` and `clientSecretEnv` (keep one)',
      'f:13:83 outgoingAuth.backends.f.obo.clientSecretEnv: names the environment variable EMPTY, which is empty (set it, or name another)',
    ],
  },
  {
    title: 'environment variables that are not set, empty, or no header',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth:',
      '  source: inline',
      '  backends:',
      '    a: { type: header_injection, headerInjection: { headerName: X, headerValueEnv: NOT_SET } }',
      '    b: { type: header_injection, headerInjection: { headerName: X, headerValueEnv: EMPTY } }',
      '    c: { type: header_injection, headerInjection: { headerName: X, headerValueEnv: BAD } }',
      'aggregation: { conflictResolution: prefix, conflictResolutionConfig: { prefixFormat: x } }',
    ),
    problems: [
      'f:7:84 outgoingAuth.backends.a.headerInjection.headerValueEnv: names the environment variable NOT_SET, which is not set (set it, or name another)',
      'f:8:84 outgoingAuth.backends.b.headerInjection.headerValueEnv: names the environment variable EMPTY, which is empty (set it, or name another)',
      'f:9:84 outgoingAuth.backends.c.headerInjection.headerValueEnv: names the environment variable BAD, whose value is not fit for a header (set it, or name another)',
    ],
  },
  {
    title: 'a credential for a stdio backend',
    yaml: lines(
      '!name: a',
      'groupRef: a',
      'backends: [{ name: files, command: x }]',
      'incomingAuth: { type: anonymous }',
      'outgoingAuth:',
      '  source: inline',
      '  backends:',
      '    files: { type: header_injection, headerInjection: { headerName: X, headerValue: y } }',
      'aggregation: { conflictResolution: prefix, conflictResolutionConfig: { prefixFormat: x } }',
    ),
    problems: [
      'f:8:20 outgoingAuth.backends.files.type: "header_injection" has no effect on a stdio backend (give the credential in the env of backend "files")',
    ],
  },
  {
    title: 'times that cannot be',
    yaml: lines(
      'operational:',
      '  timeouts: { default: 0s, perWorkload: { a: 10 } }',
      '  failureHandling:',
      '    healthCheckInterval: 5s',
      '    healthCheckTimeout: 5s',
      '    unhealthyThreshold: 0',
      '    partialFailureMode: besteffort',
      '    circuitBreaker: { failureThreshold: 0, timeout: 500ms }',
      '  sessions: { ttl: -1m }',
    ),
    problems: [
      'f:9:24 operational.timeouts.default: must be longer than 0, not "0s"',
      'f:9:46 operational.timeouts.perWorkload.a: must be a duration (10 has no unit) (write for example 30s, 5m or 1h30m)',
      'f:12:25 operational.failureHandling.healthCheckTimeout: must be shorter than healthCheckInterval',
      'f:13:25 operational.failureHandling.unhealthyThreshold: must be at least 1, not 0',
      'f:14:25 operational.failureHandling.partialFailureMode: must be one of fail, best_effort, bestEffort, not "besteffort" (did you mean "best_effort"?)',
      'f:15:41 operational.failureHandling.circuitBreaker.failureThreshold: must be at least 1, not 0',
      'f:15:53 operational.failureHandling.circuitBreaker.timeout: must be at least 1s, not "500ms"',
      'f:16:20 operational.sessions.ttl: must be longer than 0, not "-1m"',
    ],
  },
  {
    title: 'Redis without an address, and memory with one',
    yaml: lines('sessionStorage: { provider: redis, tls: { certPath: /c } }'),
    problems: [
      'f:8:17 sessionStorage: needs exactly one of `address`, `sentinel` and `cluster` for the provider redis',
      'f:8:41 sessionStorage.tls: needs both or neither of `certPath` and `keyPath`',
    ],
  },
  {
    title: 'storage settings of Redis without saying so',
    yaml: lines('sessionStorage: { address: "redis:6379", username: u }'),
    problems: [
      'f:8:28 sessionStorage.address: goes only with the provider redis (write `provider: redis`)',
      'f:8:52 sessionStorage.username: goes only with the provider redis (write `provider: redis`)',
    ],
  },
  {
    title: 'fields of Redis with slips of the pen',
    yaml: lines(
      'sessionStorage: { provider: redis, adress: "r:1", tls: { caFile: /c }, whenUnavailable: wait }',
    ),
    problems: [
      'f:8:17 sessionStorage: needs exactly one of `address`, `sentinel` and `cluster` for the provider redis',
      'f:8:36 sessionStorage.adress: is not a known key (did you mean "address"?)',
      'f:8:58 sessionStorage.tls.caFile: is not a known key (known keys: caPath, certPath, enabled, insecureSkipVerify, keyPath, serverName)',
      'f:8:89 sessionStorage.whenUnavailable: must be one of degrade, refuse, not "wait"',
    ],
  },
  {
    title: 'sealing keys of no source, of two, and of one name; and for memory',
    yaml: lines(
      'sessionStorage:',
      '  provider: memory',
      '  encryption:',
      '    keys:',
      '      - { id: a, keyFile: /a }',
      '      - { id: a, keyEnv: A, keyFile: /b }',
      '      - { id: "b c" }',
    ),
    problems: [
      'f:11:5 sessionStorage.encryption: goes only with the providers sqlite and redis: memory keeps nothing',
      'f:13:9 sessionStorage.encryption.keys[1]: needs exactly one of `keyEnv` and `keyFile` (make one with: openssl rand -base64 32)',
      'f:13:15 sessionStorage.encryption.keys[1].id: "a" is the id of an earlier key already',
      'f:13:26 sessionStorage.encryption.keys[1].keyEnv: names the environment variable A, which is not set (set it, or name another)',
      'f:14:9 sessionStorage.encryption.keys[2]: needs exactly one of `keyEnv` and `keyFile` (make one with: openssl rand -base64 32)',
      'f:14:15 sessionStorage.encryption.keys[2].id: must be 1 to 32 letters, digits, "-" or "_"',
    ],
  },
  {
    title: 'memory storage with an address',
    yaml: lines('sessionStorage: { provider: memory, address: "redis:6379" }'),
    problems: ['f:8:46 sessionStorage.address: goes only with the provider redis, not memory'],
  },
  {
    title: 'an address without a port',
    yaml: lines('sessionStorage: { provider: redis, address: redis, keyPrefix: "" }'),
    problems: [
      'f:8:45 sessionStorage.address: must be host:port',
      'f:8:63 sessionStorage.keyPrefix: must not be empty',
    ],
  },
  {
    title: 'headers that may not be passed on',
    yaml: lines('passthroughHeaders: [X-Ok, Cookie, "", "a:b"]'),
    problems: [
      'f:8:28 passthroughHeaders[1]: "Cookie" may not be passed on',
      'f:8:36 passthroughHeaders[2]: "" is not a header name',
      'f:8:40 passthroughHeaders[3]: "a:b" is not a header name',
    ],
  },
  {
    title: 'a header that is passed on and static',
    yaml: lines(
      'backends: [{ name: a, url: "http://a", headers: { X-Tenant: b } }]',
      'passthroughHeaders: [x-tenant]',
    ),
    problems: [
      'f:9:22 passthroughHeaders[0]: "x-tenant" is also a static header of backends[0] (keep one of the two)',
    ],
  },
  {
    title: 'limits per user without users',
    yaml: lines(
      'rateLimiting:',
      '  perUser: { maxTokens: 0, refillPeriod: 1m }',
      '  tools: [{ name: t, perUser: { maxTokens: 1, refillPeriod: { duration: 5 } } }]',
    ),
    problems: [
      'f:9:12 rateLimiting.perUser: needs callers who can be told apart, but incomingAuth.type is anonymous',
      'f:9:25 rateLimiting.perUser.maxTokens: must be at least 1, not 0',
      'f:10:31 rateLimiting.tools[0].perUser: needs callers who can be told apart, but incomingAuth.type is anonymous',
      'f:10:61 rateLimiting.tools[0].perUser.refillPeriod: must be a duration (5 has no unit) (write for example 30s, 5m or 1h30m)',
    ],
  },
  {
    title: 'limits that limit nothing, or twice',
    yaml: lines(
      'rateLimiting:',
      '  whenUnavailable: close',
      '  tools:',
      '    - { name: t, shared: { maxTokens: 1, refillPeriod: 1s } }',
      '    - { name: t }',
    ),
    problems: [
      'f:9:20 rateLimiting.whenUnavailable: must be one of open, closed, not "close" (did you mean "closed"?)',
      'f:12:7 rateLimiting.tools[1]: limits nothing (give `shared`, `perUser` or both)',
      'f:12:15 rateLimiting.tools[1].name: there are limits for "t" already',
    ],
  },
  {
    title: 'limits that are not there',
    yaml: lines('rateLimiting: { tools: [] }'),
    problems: ['f:8:15 rateLimiting: limits nothing (give `shared`, `perUser` or `tools`)'],
  },
  {
    title: 'audit events that do not exist',
    yaml: lines('audit: { eventTypes: [mcp_toolcall], logfile: x }'),
    problems: [
      'f:8:23 audit.eventTypes[0]: must be one of 23 known values, not "mcp_toolcall" (did you mean "mcp_tool_call"?)',
      'f:8:38 audit.logfile: is not a known key (did you mean "logFile"?)',
    ],
  },
  {
    title: 'a sampling rate out of range',
    yaml: lines('telemetry: { samplingRate: "1.5", prometheusPort: 70000 }'),
    problems: [
      'f:8:28 telemetry.samplingRate: must be a number from 0 to 1, such as "0.05"',
      'f:8:51 telemetry.prometheusPort: must be at most 65535, not 70000',
    ],
  },
  {
    title: 'an optimizer that does not fit together',
    yaml: lines(
      'optimizer:',
      '  maxToolsToReturn: 100',
      '  hybridSearchSemanticRatio: "2"',
      '  embeddingModel: m',
    ),
    problems: [
      'f:9:21 optimizer.maxToolsToReturn: must be at most 50, not 100',
      'f:10:30 optimizer.hybridSearchSemanticRatio: must be a number from 0 to 1 in quotes, such as "0.5"',
      'f:11:19 optimizer.embeddingModel: goes only with the provider openai',
    ],
  },
  {
    title: 'openai without what it needs',
    yaml: lines('optimizer: { embeddingProvider: openai, embeddingHeaders: { Authorization: x } }'),
    problems: [
      'f:8:12 optimizer: needs `embeddingService` for the provider openai',
      'f:8:12 optimizer: needs `embeddingModel` for the provider openai',
      'f:8:59 optimizer.embeddingHeaders: must not set "authorization"',
    ],
  },
  {
    title: 'a manifest in place of a vMCP file',
    yaml: lines(
      '!apiVersion: toolhive.stacklok.dev/v1beta1',
      'kind: VirtualMCPCompositeToolDefinition',
      'metadata: { name: triage }',
      'spec: { name: triage_issues }',
    ),
    problems: [
      'f:2:7 kind: VirtualMCPCompositeToolDefinition is a manifest of Kubernetes, and a vMCP file is wanted here (name it under compositeToolRefs of a vMCP file in the same folder)',
    ],
  },
  {
    title: 'a manifest of another kind',
    yaml: lines('!apiVersion: toolhive.stacklok.dev/v1alpha1', 'kind: VirtualMCPServer'),
    problems: [
      'f:2:7 kind: VirtualMCPServer is a manifest of Kubernetes, and a vMCP file is wanted here (what stands under spec.config is one)',
    ],
  },
  {
    title: 'references to composite tools twice (vmcp 6.3)',
    yaml: lines('compositeToolRefs: [{ name: a }, { name: a }]'),
    problems: ['f:8:42 compositeToolRefs[1].name: "a" is there twice'],
  },
  {
    title: 'a composite tool without steps (vmcp 6.3)',
    yaml: lines('compositeTools:', '  - { name: a, description: b, steps: [] }', '  - { name: a }'),
    problems: [
      'f:9:39 compositeTools[0].steps: must have at least 1 item',
      'f:10:5 compositeTools[1].description: is required',
      'f:10:5 compositeTools[1].steps: is required',
    ],
  },
  {
    title: 'steps that lack what their type needs (vmcp 6.3)',
    yaml: lines(
      'compositeTools:',
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a }',
      '      - { id: b, type: elicitation }',
      '      - { id: c, type: forEach }',
      '      - { id: d, tool: "-x" }',
    ),
    problems: [
      'f:12:9 compositeTools[0].steps[0]: is a tool step but has no `tool`',
      'f:13:9 compositeTools[0].steps[1]: is an elicitation step but has no `message`',
      'f:13:9 compositeTools[0].steps[1]: is an elicitation step but has no `schema`',
      'f:14:9 compositeTools[0].steps[2]: is a forEach step but has no `collection`',
      'f:14:9 compositeTools[0].steps[2]: is a forEach step but has no `step`',
      'f:15:24 compositeTools[0].steps[3].tool: "-x" is not a tool name',
    ],
  },
  {
    title: 'steps with fields of another type (vmcp 6.3)',
    yaml: lines(
      'compositeTools:',
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, message: hello }',
      '      - { id: b, type: elicitation, message: m, schema: { type: object }, tool: x, onError: { action: abort } }',
    ),
    problems: [
      'f:12:36 compositeTools[0].steps[0].message: does not go with a tool step (write type: elicitation)',
      'f:13:81 compositeTools[0].steps[1].tool: does not go with an elicitation step (write type: tool)',
    ],
  },
  {
    title: 'loops that go too far (vmcp 6.3)',
    yaml: lines(
      'compositeTools:',
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - id: a',
      '        type: forEach',
      '        collection: "[]"',
      '        itemVar: index',
      '        maxParallel: 51',
      '        maxIterations: 1001',
      '        step: { id: b, type: forEach }',
    ),
    problems: [
      'f:15:18 compositeTools[0].steps[0].itemVar: must not be "index"',
      'f:16:22 compositeTools[0].steps[0].maxParallel: must be at most 50, not 51',
      'f:17:24 compositeTools[0].steps[0].maxIterations: must be at most 1000, not 1001',
      'f:18:30 compositeTools[0].steps[0].step.type: must be tool: a loop cannot contain forEach',
    ],
  },
  {
    title: 'ids and dependencies that do not hold (vmcp 6.3)',
    yaml: lines(
      'compositeTools:',
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, dependsOn: [b] }',
      '      - { id: b, tool: x, dependsOn: [a] }',
      '      - { id: a, tool: x }',
    ),
    problems: [
      'f:12:38 compositeTools[0].steps[0].dependsOn: steps depend on each other: a → b → a',
      'f:14:15 compositeTools[0].steps[2].id: duplicate step id "a"',
    ],
  },
  {
    title: 'a dependency on nothing (vmcp 6.3)',
    yaml: lines(
      'compositeTools:',
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, dependsOn: [zz] }',
    ),
    problems: ['f:12:39 compositeTools[0].steps[0].dependsOn[0]: there is no step "zz"'],
  },
  {
    title: 'a retry without a count (vmcp 6.3)',
    yaml: lines(
      'compositeTools:',
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, onError: { action: retry } }',
      '      - { id: b, tool: x, onError: { action: explode } }',
    ),
    problems: [
      'f:12:36 compositeTools[0].steps[0].onError: needs retryCount ≥ 1 for retry',
      'f:13:46 compositeTools[0].steps[1].onError.action: must be one of abort, continue, retry, not "explode"',
    ],
  },
  {
    title: 'a field read of a step that may be skipped (vmcp 6.3)',
    yaml: lines(
      'compositeTools:',
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, condition: "{{not true}}" }',
      '      - { id: b, tool: x, arguments: { v: ["{{.steps.a.output.text}}"] }, dependsOn: [a] }',
      '      - { id: c, tool: x, onError: { action: continue }, defaultResults: { one: 1 } }',
      '      - { id: d, tool: x, arguments: { y: "{{eq .steps.c.output.two 1.0}}" }, dependsOn: [c] }',
    ),
    problems: [
      'f:12:9 compositeTools[0].steps[0]: may be skipped, but .steps.a.output.text is read (add "text" to its defaultResults)',
      'f:14:74 compositeTools[0].steps[2].defaultResults: may be skipped, but .steps.c.output.two is read (add "two" to its defaultResults)',
    ],
  },
  {
    title: 'parameters that are no object schema (vmcp 6.3)',
    yaml: lines(
      'compositeTools:',
      '  - name: a',
      '    description: b',
      '    parameters: { type: array }',
      '    timeout: -1s',
      '    steps: [{ id: a, tool: x }]',
    ),
    problems: [
      'f:11:17 compositeTools[0].parameters: must be a JSON Schema with `type: object`',
      'f:12:14 compositeTools[0].timeout: must not be negative, not "-1s"',
    ],
  },
  {
    title: 'an output that cannot be made (vmcp 6.3)',
    yaml: lines(
      'compositeTools:',
      '  - name: a',
      '    description: b',
      '    steps: [{ id: a, tool: x }]',
      '    output:',
      '      properties:',
      '        one: { type: integer, description: d }',
      '        two: { type: integer, description: d, value: "{{x", default: a }',
      '        three: { type: string, description: d, value: x, properties: { y: { type: string, description: d, value: z } } }',
      '        four: { type: object, properties: { y: { type: strng, description: d, value: z } } }',
      '      required: [five]',
    ),
    problems: [
      'f:14:14 compositeTools[0].output.properties.one: needs `value`',
      'f:15:57 compositeTools[0].output.properties.two.value: is not a template: function "x" does not exist',
      'f:15:70 compositeTools[0].output.properties.two.default: is not of the type integer',
      'f:16:16 compositeTools[0].output.properties.three: has both `value` and `properties` (keep one)',
      'f:16:70 compositeTools[0].output.properties.three.properties: goes only with the type object',
      'f:17:15 compositeTools[0].output.properties.four.description: is required',
      'f:17:56 compositeTools[0].output.properties.four.properties.y.type: must be one of string, integer, number, boolean, object, array, not "strng" (did you mean "string"?)',
      'f:18:18 compositeTools[0].output.required[0]: "five" is not one of the properties',
    ],
  },
  {
    title: 'wrong types everywhere',
    yaml: lines(
      'backends: { a: b }',
      'operational: []',
      'audit: true',
      'metadata: { a: [b] }',
      'server: { allowedHosts: x, trustedProxies: [proxy, 10.0.0.0/33] }',
    ),
    problems: [
      'f:8:11 backends: must be a list, not a map',
      'f:9:14 operational: must be a map, not a list',
      'f:10:8 audit: must be a map, not true',
      'f:11:16 metadata.a: must be text, not a list',
      'f:12:25 server.allowedHosts: must be a list, not "x" (write [x])',
      'f:12:45 server.trustedProxies[0]: must be an IP address or a range of them, such as 10.0.0.0/8, not "proxy"',
      'f:12:52 server.trustedProxies[1]: must be an IP address or a range of them, such as 10.0.0.0/8, not "10.0.0.0/33"',
    ],
  },
]

function lines(...text: string[]): string {
  return text.join('\n')
}
