/** How many slots a Cluster has. */
export const SLOTS = 16_384

/**
 * The slot of a key in a Cluster: CRC16 (XMODEM) of its bytes, or of what stands between the first `{` and the next `}` if
 * there is something (redis.io/docs, cluster specification, "Key distribution model").
 */
export function keySlot(key: string): number {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  return crc16(close > open + 1 ? key.slice(open + 1, close) : key) % SLOTS
}

function crc16(text: string): number {
  let crc = 0
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
    }
  }
  return crc
}
