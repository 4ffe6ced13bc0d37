/** The environment that gives gateways and commands of a test the same key of the API. */
export const API_ENV = { THV_API_KEY: 'key-of-the-tests' }

/** Asks a gateway that was started with `API_ENV`. */
export function fetchApi(
  url: string,
  init: { readonly method?: string; readonly body?: string } = {},
): Promise<Response> {
  return fetch(url, {
    ...init,
    headers: {
      authorization: `Bearer ${API_ENV.THV_API_KEY}`,
      'content-type': 'application/json',
    },
  })
}
