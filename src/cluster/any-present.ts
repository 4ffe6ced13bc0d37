import { isJsonObject } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import type { KeyValue } from '../storage/key-value.ts'

/** True if some replica has an entry in the store, see `Directory`: it runs, or did a few seconds ago. Rejects as the store does. */
export async function anyPresent(store: KeyValue, keyPrefix: string): Promise<boolean> {
  const list = parseJson((await store.get(`${keyPrefix}replicas`))?.value ?? '{}')
  const ids = isJsonObject(list) ? Object.keys(list) : []
  const entries = await Promise.all(ids.map((id) => store.get(`${keyPrefix}replica:${id}`)))
  return entries.some((entry) => entry !== undefined)
}
