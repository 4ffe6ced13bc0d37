import type { AppError } from '../../../base/errors.ts'
import type { BackendConnection, BackendTarget } from '../../backend-connection.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { connectLegacyDuplex } from '../legacy/legacy-duplex.ts'
import { ModernDuplex } from '../modern/modern-duplex.ts'
import { probe } from '../probe.ts'
import { openStdioPipe } from './stdio-pipe.ts'

type StdioTarget = BackendTarget & { kind: 'stdio' }

const PROBE_TIMEOUT_MS = 10_000

/**
 * Starts a stdio server and finds out its era. A server that answers the probe with an error goes on in the same process;
 * one that dies of it or stays silent is started again, as a legacy one (2026-07-28 stdio, "Dual-era clients").
 */
export async function openStdioBackend(
  target: StdioTarget,
  options: ConnectOptions,
): Promise<BackendConnection> {
  if (options.era === 'legacy') return connectLegacyDuplex(openStdioPipe(target, options), options)
  const pipe = openStdioPipe(target, options)
  const modern = new ModernDuplex(pipe, options)
  const timeoutMs = Math.min(options.probeTimeoutMs ?? PROBE_TIMEOUT_MS, options.connectTimeoutMs)
  const verdict = await probe((request) => modern.request(request), options, timeoutMs)
  switch (verdict.kind) {
    case 'modern':
      modern.begin(verdict.server)
      return modern
    case 'legacy':
      modern.detach()
      return connectLegacyDuplex(pipe, options)
    case 'foreign':
      await modern.close()
      throw verdict.error
    case 'inconclusive':
      await modern.close()
      return startAgain(target, options, verdict.error)
  }
}

function startAgain(
  target: StdioTarget,
  options: ConnectOptions,
  error: AppError,
): Promise<BackendConnection> {
  if (error.code === 'MCP_BACKEND_UNREACHABLE' || options.signal?.aborted) throw error
  options.log.info(
    { backend: options.name, reason: error.message },
    'Backend does not answer the probe, starting it again as a legacy server',
  )
  return connectLegacyDuplex(openStdioPipe(target, options), options)
}
