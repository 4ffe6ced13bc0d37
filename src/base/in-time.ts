/**
 * Waits for the work, but no longer than so many milliseconds, and not at all for none. True: it has ended. Rejects as the work
 * does, if that is in time; a later rejection is nobody's business.
 */
export async function inTime(work: Promise<unknown>, waitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<false>((resolve) => {
    if (waitMs > 0) timer = setTimeout(resolve, waitMs, false)
    else resolve(false)
  })
  try {
    return await Promise.race([work.then(() => true), over])
  } finally {
    clearTimeout(timer)
  }
}
