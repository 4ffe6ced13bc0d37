/** A signal that Ctrl-C or SIGTERM aborts; a second one ends the process at once. Disposing it stops listening. */
export function stopSignal(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
