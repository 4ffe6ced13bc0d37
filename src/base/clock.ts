/** Wall clock: milliseconds since 1970. For what people or other processes read; durations use `performance.now()`. */
export type Now = () => number

/** The one place that reads the wall clock for code below `app/`. */
export const systemNow: Now = () => Date.now()
