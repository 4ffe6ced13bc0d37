/** Who sends, and that it is a replica: see `seal.ts`. */
export const SEAL_HEADER = 'x-thv-link'
/** A request of a client that is handed on: who the client is, where it comes from. */
export const CLIENT_HEADER = 'x-thv-client'
