/** Why a call was cancelled: for logs and for the message to the backend. */
export type CancelReason = string

/**
 * The end of interest in a call. Lighter than an AbortController: one object, a list only when somebody listens.
 * It is created once per call on the hot path, so it allocates nothing else.
 */
export class Cancellation {
  #reason: CancelReason | undefined
  #listeners: ((reason: CancelReason) => void)[] | undefined

  get cancelled(): boolean {
    return this.#reason !== undefined
  }

  get reason(): CancelReason | undefined {
    return this.#reason
  }

  /** Cancels once; later calls do nothing. */
  cancel(reason: CancelReason): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    const listeners = this.#listeners
    this.#listeners = undefined
    if (listeners) for (const listener of listeners) listener(reason)
  }

  /** Calls the listener at cancellation, at once if that was before. Returns the way to stop listening. */
  onCancel(listener: (reason: CancelReason) => void): () => void {
    if (this.#reason !== undefined) {
      listener(this.#reason)
      return () => {}
    }
    this.#listeners ??= []
    this.#listeners.push(listener)
    return () => {
      const listeners = this.#listeners
      if (!listeners) return
      const index = listeners.indexOf(listener)
      if (index >= 0) listeners.splice(index, 1)
    }
  }
}
