import { deriveKey } from '../cluster/derive-key.ts'
import { createSealer, parseSealingKey, type Sealer, type SealingKey } from '../storage/sealing.ts'
import type { Env } from './config/resolve-env.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { appErrors, FLEET_KEY_ID } from './errors.ts'
import { readSettingsFile } from './redis-settings.ts'

/**
 * The sealer with the keys of `sessionStorage.encryption`, and last the keys of the fleet. Undefined without any: then no
 * credentials may be stored.
 */
export async function openSealer(
  { encryption }: Pick<VmcpConfig['sessionStorage'], 'encryption'>,
  fleetSecrets: readonly Buffer[],
  env: Env,
): Promise<Sealer | undefined> {
  const keys: SealingKey[] = []
  for (const [index, { id, keyEnv, keyFile }] of (encryption?.keys ?? []).entries()) {
    const field = `encryption.keys[${index}].${keyFile === undefined ? 'keyEnv' : 'keyFile'}`
    const source = keyFile ?? keyEnv ?? ''
    const text = keyFile === undefined ? (env[source] ?? '') : await readSettingsFile(source, field)
    const key = parseSealingKey(text)
    if (key === undefined) {
      throw appErrors.SESSION_KEY_INVALID({ field: `sessionStorage.${field}`, source })
    }
    keys.push({ id, key })
  }
  for (const secret of fleetSecrets) {
    keys.push({ id: FLEET_KEY_ID, key: deriveKey(secret, 'store') })
  }
  const [first, ...others] = keys
  return first && createSealer([first, ...others])
}
