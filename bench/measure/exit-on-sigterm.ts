/**
 * Preloaded into a contestant that is profiled: `--cpu-prof` writes its file only when the process ends by itself, so a
 * program without a handler for SIGTERM gets one. A program with a handler has a second to end in its own way.
 */
const GRACE_MS = 1000

process.once('SIGTERM', () => {
  setTimeout(() => process.exit(0), GRACE_MS).unref()
  if (process.listenerCount('SIGTERM') === 0) process.exit(0)
})
