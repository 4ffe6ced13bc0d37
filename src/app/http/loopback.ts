/** True for an address to listen on that only this machine can reach. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

/** The `Host` headers that reach a listener on such an address: its own and the usual names of this machine. */
export function loopbackNames(host: string): string[] {
  return ['localhost', '127.0.0.1', '[::1]', host]
}
