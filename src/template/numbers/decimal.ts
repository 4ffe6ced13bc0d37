/** `digits` times ten to the `exponent`; no zeros around the digits, `0` for zero. */
export interface Decimal {
  readonly isNegative: boolean
  readonly digits: string
  readonly exponent: number
}

/** Takes a decimal number apart: `-1.50e3` is 15 times ten to the 2. */
export function readDecimal(text: string): Decimal {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const all = (whole + fraction).replace(/^0+/, '')
  const digits = all.replace(/0+$/, '')
  if (digits === '') return { isNegative: sign !== '', digits: '0', exponent: 0 }
  const scale = Number(exponent) - fraction.length + (all.length - digits.length)
  return { isNegative: sign !== '', digits, exponent: scale }
}

/** The exact value of a finite double, which takes up to 767 digits. */
export function exactDecimal(value: number): Decimal {
  const isNegative = value < 0 || Object.is(value, -0)
  const { mantissa, exponent } = takeApart(value)
  if (mantissa === 0n) return { isNegative, digits: '0', exponent: 0 }
  // m · 2^-k is m · 5^k · 10^-k.
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)
  const { digits, exponent: zeros } = readDecimal(String(scaled))
  return { isNegative, digits, exponent: zeros + Math.min(exponent, 0) }
}

/** The size of a finite double as mantissa times two to the exponent; a mantissa of 53 bits, where there are as many. */
export function takeApart(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  const biased = Number((bits >> 52n) & 0x7ffn)
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}

/** Keeps the first `count` digits, rounding halves to even; `count` may be zero or negative. */
export function roundTo(decimal: Decimal, count: number): Decimal {
  const { isNegative, digits, exponent } = decimal
  if (count >= digits.length) return decimal
  const kept = digits.slice(0, Math.max(count, 0))
  const rest = count < 0 ? '0' : digits.slice(count)
  const isOdd = kept !== '' && Number(kept.at(-1)) % 2 === 1
  const isMore = rest > '5' || (rest === '5' && isOdd)
  const scaled = BigInt(kept === '' ? '0' : kept) + (isMore ? 1n : 0n)
  const rounded = readDecimal(String(scaled))
  if (rounded.digits === '0') return { isNegative, digits: '0', exponent: 0 }
  return {
    isNegative,
    digits: rounded.digits,
    exponent: rounded.exponent + exponent + digits.length - Math.max(count, 0),
  }
}
