/** The value if it is a string, else the empty string: for members of messages that others made. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
