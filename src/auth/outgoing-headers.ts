import type { OutgoingStrategy } from './config.ts'

/** The part of `outgoingAuth` that static credentials come from; values of environment variables are in place already. */
export interface StaticOutgoingAuth {
  readonly default?: StaticStrategy | undefined
  readonly backends: Readonly<Record<string, StaticStrategy>>
}

export interface StaticStrategy {
  readonly type: OutgoingStrategy['type']
  readonly headerInjection?:
    | { readonly headerName: string; readonly headerValue?: string | undefined }
    | undefined
}

/**
 * The credential headers for a backend: its own entry, else the default, else none. Lower-case names. The values are
 * secrets.
 */
export function outgoingHeaders(
  auth: StaticOutgoingAuth,
  backend: string,
): Readonly<Record<string, string>> {
  const strategy = Object.hasOwn(auth.backends, backend) ? auth.backends[backend] : auth.default
  const injection = strategy?.headerInjection
  if (strategy?.type !== 'header_injection' || injection?.headerValue === undefined) return {}
  return { [injection.headerName.toLowerCase()]: injection.headerValue }
}
