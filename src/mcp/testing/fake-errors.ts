import { AppError } from '../../base/errors.ts'
import type { Fault } from '../../base/errors.ts'
import { GATEWAY_FAILURE, GATEWAY_OVERLOADED, GATEWAY_TIMEOUT } from '../rpc-codes.ts'

/** An error as some other folder could throw it. */
export function appError(code: string, fault: Fault, status: number): AppError {
  return new AppError({ code, fault, status, message: `Cannot do ${code}`, hint: 'Try' })
}

/** Our own JSON-RPC codes by name. */
export function codeOf(name: 'failure' | 'timeout' | 'overloaded'): number {
  return { failure: GATEWAY_FAILURE, timeout: GATEWAY_TIMEOUT, overloaded: GATEWAY_OVERLOADED }[
    name
  ]
}
