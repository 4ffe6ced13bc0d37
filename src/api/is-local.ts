/** True for the address of a peer on this machine (or in this pod). */
export function isLocal(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address)
}
