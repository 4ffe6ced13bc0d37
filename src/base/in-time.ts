/**
 * Waits for the work, but no longer than so many milliseconds, and not at all for none. Rejects as the work does, if that is in
 * time; a later rejection is nobody's business.
 */
export async function inTime(work: Promise<unknown>, waitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    if (waitMs > 0) timer = setTimeout(resolve, waitMs)
    else resolve()
  })
  await Promise.race([work, over])
  clearTimeout(timer)
}
