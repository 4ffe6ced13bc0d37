/**
 * What a template works on: JSON. A whole number that a JavaScript number cannot hold may be a `bigint`, or what
 * `parseJson` keeps for it. A key with `undefined` is not there.
 */
export type TemplateValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly TemplateValue[]
  | TemplateObject

export interface TemplateObject {
  readonly [key: string]: TemplateValue | undefined
}

/** What `.` and `$` are at the start of a template. */
export type TemplateData = TemplateValue
