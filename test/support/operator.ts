/** The environment that gives gateways and commands of a test the same key of an operator. */
export const OPERATOR_ENV = { THV_OPERATOR_KEY: 'key-of-the-operator-of-the-tests' }

/** Asks a gateway that was started with `OPERATOR_ENV`. */
export function fetchAsOperator(
  url: string,
  init: { readonly method?: string; readonly body?: string } = {},
): Promise<Response> {
  return fetch(url, {
    ...init,
    headers: {
      authorization: `Bearer ${OPERATOR_ENV.THV_OPERATOR_KEY}`,
      'content-type': 'application/json',
    },
  })
}
