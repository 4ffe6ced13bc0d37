/** JSON-RPC 2.0 codes. */
export const PARSE_ERROR = -32700
export const INVALID_REQUEST = -32600
export const METHOD_NOT_FOUND = -32601
export const INVALID_PARAMS = -32602
export const INTERNAL_ERROR = -32603

/** 2026-07-28 "Error codes". Each describes one hop: never relay a backend's. */
export const HEADER_MISMATCH = -32020
export const MISSING_CLIENT_CAPABILITY = -32021
export const UNSUPPORTED_VERSION = -32022

/** Resource not found before 2026-07-28; from then on INVALID_PARAMS with the uri in `data`. */
export const LEGACY_RESOURCE_NOT_FOUND = -32002

/** 2025-11-25 only: the call needs something done at urls first, which `data.elicitations` has. */
export const URL_ELICITATION_REQUIRED = -32042

/**
 * Failures of the gateway itself (backend away, time-out). Outside -32768…-32000, which JSON-RPC and MCP reserve.
 */
export const GATEWAY_FAILURE = -31000
export const GATEWAY_TIMEOUT = -31001
export const GATEWAY_OVERLOADED = -31002

/** A limit refuses the call; `data.retryAfterSeconds` says for how long. No code of MCP's own exists yet. */
export const RATE_LIMITED = 429
