/** The ways to another replica's connections. The first two segments name the handler. */
export const CONNECTION_PATHS = {
  open: '/link/connection-open',
  request: '/link/connection-request',
  answer: '/link/connection-answer',
  notify: '/link/connection-notify',
} as const
