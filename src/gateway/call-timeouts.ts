import type { BackendConfig, OperationalConfig } from './config.ts'

/** Timeouts that hold for one call, in milliseconds; 0 = none. */
export interface CallTimeouts {
  readonly connectMs: number
  readonly idleMs: number
  readonly absoluteMs: number
}

/**
 * Which timeouts hold for a call to a backend: the tool's own, else the backend's, else `perWorkload`, else the defaults
 * of `operational.timeouts`. `tool` is the name the backend gave it; undefined for anything but tools/call.
 */
export function callTimeouts(
  operational: Pick<OperationalConfig, 'timeouts'>,
  backend: Pick<BackendConfig, 'name' | 'target' | 'timeouts'>,
  tool?: string,
): CallTimeouts {
  const { timeouts: defaults } = operational
  const { timeouts: own } = backend
  const ofTool = tool !== undefined && Object.hasOwn(own.tools, tool) ? own.tools[tool] : undefined
  const perWorkload = Object.hasOwn(defaults.perWorkloadMs, backend.name)
    ? defaults.perWorkloadMs[backend.name]
    : undefined
  return {
    connectMs: connectTimeoutMs(operational, backend),
    idleMs: ofTool?.idleMs ?? own.idleMs ?? perWorkload ?? defaults.defaultMs,
    absoluteMs: ofTool?.absoluteMs ?? own.absoluteMs ?? defaults.absoluteMs,
  }
}

const CONNECT_MS = 10_000
/** `npx` and `uvx` download a server before its first start; ended on the way, they begin anew each time. */
const START_MS = 60_000

/** How long a backend may take to connect, milliseconds: its own time, else the file's, else longer for a command. */
export function connectTimeoutMs(
  operational: Pick<OperationalConfig, 'timeouts'>,
  backend: Pick<BackendConfig, 'target' | 'timeouts'>,
): number {
  const usual = backend.target.kind === 'stdio' ? START_MS : CONNECT_MS
  return backend.timeouts.connectMs ?? operational.timeouts.connectMs ?? usual
}
