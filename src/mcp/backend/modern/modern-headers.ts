import type { BackendRequest } from '../../backend-connection.ts'
import {
  encodeHeaderValue,
  METHOD_HEADER,
  NAME_HEADER,
  nameHeaderSource,
  PARAM_HEADER_PREFIX,
  VERSION_HEADER,
} from '../../mcp-headers.ts'
import { LATEST_MODERN } from '../../versions.ts'
import type { HeaderList } from '../http/http-endpoint.ts'

/** What a modern backend wants to read without the body (2026-07-28 transports, "Standard request headers"). */
export function modernHeaders(request: BackendRequest): HeaderList {
  const { method, params, paramHeaders } = request
  const headers = [
    'content-type',
    'application/json',
    'accept',
    'application/json, text/event-stream',
    VERSION_HEADER,
    LATEST_MODERN,
    METHOD_HEADER,
    method,
  ]
  const source = nameHeaderSource(method)
  const name = source === undefined ? undefined : params?.[source]
  if (typeof name === 'string') headers.push(NAME_HEADER, encodeHeaderValue(name))
  for (const param in paramHeaders) {
    headers.push(PARAM_HEADER_PREFIX + param, encodeHeaderValue(paramHeaders[param]!))
  }
  return headers
}
