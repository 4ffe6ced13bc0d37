import { z } from 'zod'
import { isAddressRange } from '../net/client-address.ts'

/** `server` (ours): whom the HTTP listener accepts, and whom it believes. */
export const server = z.strictObject({
  allowedHosts: z
    .array(z.string().min(1))
    .meta({ description: 'Host headers that are accepted beside the address listened on' })
    .default([]),
  allowedOrigins: z
    .array(z.string().min(1))
    .meta({ description: 'Origin headers of browsers that are accepted; `*` = all' })
    .default([]),
  trustedProxies: z
    .array(
      z.string().refine(isAddressRange, {
        error: ({ input }) =>
          `must be an IP address or a range of them, such as 10.0.0.0/8, not "${String(input)}"`,
      }),
    )
    .meta({ description: 'Addresses of proxies whose `X-Forwarded-For` tells where a client is' })
    .default([]),
})
