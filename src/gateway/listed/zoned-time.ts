const ZONED_TIME =
  /^(\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/** True for a date and time of ISO 8601 as strict clients read it: with its zone, of a day that exists. */
export function isZonedTime(value: string): boolean {
  const [, year, month, day] = ZONED_TIME.exec(value) ?? []
  return (
    year !== undefined && Number(day) >= 1 && Number(day) <= daysOf(Number(year), Number(month))
  )
}

/** 0 for what is no month. */
function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  if (month < 1 || month > 12) return 0
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}
