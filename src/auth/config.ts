import { z } from 'zod'
import { crossCheck, type Loose, type Report } from '../schema/cross-check.ts'
import { count, headerName, headerValue, httpUrl, mapOf, text } from '../schema/fields.ts'

const flag = (description: string) => z.boolean().meta({ description }).default(false)
const scopes = z.array(z.string().min(1)).meta({ description: 'OAuth scopes' }).default([])
const secret = () => text('A secret; better the …Env field beside it').optional()
const secretEnv = () => text('Name of the environment variable that holds the secret').optional()
const subjectProviderName = text('Upstream provider whose token is the subject').optional()

const oidc = z.strictObject({
  issuer: httpUrl('Issuer of the tokens'),
  audience: text('Audience the tokens must have'),
  clientId: text('Client id, for introspection').optional(),
  clientSecretEnv: secretEnv(),
  resource: text('Resource named in the RFC 9728 document; default the audience').optional(),
  jwksUrl: httpUrl('Where the keys are; default: discovery').optional(),
  introspectionUrl: httpUrl('RFC 7662 endpoint for opaque tokens').optional(),
  scopes,
  protectedResourceAllowPrivateIp: flag('Allow private addresses for the protected resource'),
  jwksAllowPrivateIp: flag('Allow private addresses for the keys'),
  insecureAllowHttp: flag('Allow an issuer without TLS'),
  caBundlePath: text('PEM file with more trust anchors').optional(),
})

const authz = crossCheck(
  z.strictObject({
    type: z.enum(['cedar', 'none']).meta({ description: 'Who decides' }),
    policies: z.array(z.string().min(1)).meta({ description: 'One Cedar policy each' }).default([]),
    entitiesJson: z.string().meta({ description: 'Cedar entities as JSON text' }).optional(),
    primaryUpstreamProvider: text('Provider whose claims the policies see').optional(),
    groupClaimName: text('Claim with the groups').optional(),
    roleClaimName: text('Claim with the roles').optional(),
    groupEntityType: text('Cedar entity type of a group').default('THVGroup'),
  }),
  (block, report) => {
    if (block.type !== 'cedar') return
    if (Array.isArray(block.policies) && block.policies.length > 0) return
    report(['policies'], 'must have at least one policy for the type cedar')
  },
)

/** `incomingAuth`: who may call. */
export const incomingAuth = crossCheck(
  z.strictObject({
    type: z.enum(['anonymous', 'local', 'oidc']).meta({
      description: 'anonymous: everybody; local: the user of this machine; oidc: by token',
    }),
    oidc: oidc.meta({ description: 'For the type oidc' }).optional(),
    authz: authz.meta({ description: 'What a caller may do' }).optional(),
  }),
  (block, report) => {
    if (block.type === 'oidc' && block.oidc === undefined) {
      report([], 'has the type oidc but no `oidc` block', 'add oidc with issuer and audience')
    }
    if (block.oidc !== undefined && (block.type === 'anonymous' || block.type === 'local')) {
      report(['oidc'], `does not go with the type ${block.type}`, 'write type: oidc')
    }
  },
)

/** `incomingAuth`, checked. */
export type IncomingAuthConfig = z.output<typeof incomingAuth>

const headerInjection = crossCheck(
  z.strictObject({
    headerName: headerName('Header that is set'),
    headerValue: headerValue('Its value').optional(),
    headerValueEnv: text('Environment variable with its value').optional(),
  }),
  (block, report) => {
    const given = [block.headerValue, block.headerValueEnv].filter((v) => v !== undefined).length
    if (given !== 1) report([], 'needs exactly one of `headerValue` and `headerValueEnv`')
  },
)

const tokenExchange = z.strictObject({
  tokenUrl: httpUrl('RFC 8693 token endpoint'),
  clientId: text('Client id').optional(),
  clientSecret: secret(),
  clientSecretEnv: secretEnv(),
  audience: text('Wanted audience').optional(),
  scopes,
  subjectTokenType: text('Type of the subject token').optional(),
  subjectProviderName,
})

const upstreamInject = z.strictObject({
  providerName: text('Upstream provider whose token is sent'),
})

const awsSts = z.strictObject({
  region: text('AWS region'),
  service: text('AWS service that signs').optional(),
  fallbackRoleArn: text('Role when no mapping matches').optional(),
  roleMappings: z
    .array(
      z.strictObject({
        claim: text('Value of the role claim').optional(),
        matcher: text('CEL expression over the claims').optional(),
        roleArn: text('Role to take'),
        priority: z.int().meta({ description: 'Smaller first' }).optional(),
      }),
    )
    .meta({ description: 'Which role for whom' })
    .default([]),
  roleClaim: text('Claim with the roles').optional(),
  sessionDuration: count('Seconds', 900, 43_200).optional(),
  sessionNameClaim: text('Claim for the session name').optional(),
  subjectProviderName,
})

const obo = crossCheck(
  z.strictObject({
    tokenUrl: httpUrl('Token endpoint'),
    clientId: text('Client id').optional(),
    clientSecret: secret(),
    clientSecretEnv: secretEnv(),
    audience: text('Wanted audience').optional(),
    scopes,
    subjectTokenProviderName: text('Upstream provider whose token is the subject').optional(),
    cacheSkewSeconds: count('Seconds a token is renewed before its end', 0).optional(),
  }),
  (block, report) => {
    const given = [block.clientSecret, block.clientSecretEnv].filter((v) => v !== undefined).length
    if (given > 1) report([], 'has both `clientSecret` and `clientSecretEnv`', 'keep one')
  },
)

const xaa = z.strictObject({
  idpTokenUrl: httpUrl('Token endpoint of the identity provider'),
  idpClientId: text('Client id there').optional(),
  idpClientSecret: secret(),
  idpClientSecretEnv: secretEnv(),
  targetTokenUrl: httpUrl('Token endpoint of the target'),
  insecureTargetTokenUrl: flag('Allow the target endpoint without TLS'),
  targetClientId: text('Client id there').optional(),
  targetClientSecret: secret(),
  targetClientSecretEnv: secretEnv(),
  targetAudience: text('Audience of the target'),
  targetResource: text('Resource of the target').optional(),
  scopes,
  subjectProviderName,
  subjectTokenType: z
    .literal('urn:ietf:params:oauth:token-type:id_token')
    .meta({ description: 'Only the id_token URN' })
    .optional(),
})

const BLOCK_OF = {
  header_injection: 'headerInjection',
  token_exchange: 'tokenExchange',
  upstream_inject: 'upstreamInject',
  aws_sts: 'awsSts',
  obo: 'obo',
  xaa: 'xaa',
} as const

const strategyFields = z.strictObject({
  type: z
    .enum([
      'unauthenticated',
      'header_injection',
      'token_exchange',
      'upstream_inject',
      'aws_sts',
      'obo',
      'xaa',
    ])
    .meta({ description: 'How requests to the backend are signed' }),
  headerInjection: headerInjection.meta({ description: 'A fixed header' }).optional(),
  tokenExchange: tokenExchange.meta({ description: 'RFC 8693 token exchange' }).optional(),
  upstreamInject: upstreamInject
    .meta({ description: 'The caller’s own upstream token' })
    .optional(),
  awsSts: awsSts.meta({ description: 'AWS signatures with a role of the caller' }).optional(),
  obo: obo.meta({ description: 'On behalf of the caller' }).optional(),
  xaa: xaa.meta({ description: 'Cross-application access' }).optional(),
})

const strategy = crossCheck(strategyFields, checkStrategy).meta({
  id: 'OutgoingStrategy',
  description: 'How requests to a backend are signed',
})

/** One outgoing strategy: `type`, and the block of that type. */
export type OutgoingStrategy = z.output<typeof strategy>

/** `outgoingAuth`: which credential goes on. A backend's entry, else the default, else none. */
export const outgoingAuth = z.strictObject({
  source: z
    .enum(['inline', 'discovered'])
    .meta({ description: 'inline: what is written here; discovered: Kubernetes only' }),
  default: strategy.optional(),
  backends: mapOf(strategy, 'By backend').prefault({}),
})

/** `outgoingAuth`, checked. */
export type OutgoingAuthConfig = z.output<typeof outgoingAuth>

function checkStrategy(block: Loose<z.output<typeof strategyFields>>, report: Report): void {
  for (const [type, name] of Object.entries(BLOCK_OF)) {
    const present = block[name] !== undefined
    if (block.type === type && !present) {
      report([], `has the type ${type} but no \`${name}\` block`)
    }
    if (block.type !== type && present && isStrategyType(block.type)) {
      report([name], `does not go with the type ${block.type}`, `write type: ${type}`)
    }
  }
}

function isStrategyType(type: unknown): type is string {
  return strategyFields.shape.type.safeParse(type).success
}
