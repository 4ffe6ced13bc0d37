const MASK = '[redacted]'

/** Members of JSON whose name says that the value is secret; the closing quote may be cut off. */
const SECRET_MEMBER =
  /("[\w-]*(?:authorization|cookie|passw(?:or)?d|passphrase|secret|token|api[-_]?key|credential|private[-_]?key|header[-_]?value)[\w-]*"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)/gi
/** `Authorization: Bearer …`, in any text. */
const SCHEME = /\b(Bearer|Basic)\s+[\w.~+/-]{8,}=*/gi
const JWT = /\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g
/** Keys that carry their maker in their first letters: OpenAI, Anthropic, GitHub, GitLab, Slack, AWS. */
const KNOWN_KEY =
  /\b(?:sk-[\w-]{16,}|gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[A-Z0-9]{16})/g
const USER_IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"]*):[^\s/@"]+@/gi
/** In text that is JSON, the backslash of a quote behind it belongs to the quote. */
const IN_QUERY =
  /([?&][\w-]*(?:token|secret|password|api[-_]?key|signature|code)=)(?:[^&\s"#\\]|\\[^"])+/gi

/** Text, JSON or not, with everything masked that looks like a credential: for logs and the audit log. */
export function redact(text: string): string {
  return text
    .replace(SECRET_MEMBER, `$1"${MASK}"`)
    .replace(SCHEME, `$1 ${MASK}`)
    .replace(JWT, MASK)
    .replace(KNOWN_KEY, MASK)
    .replace(USER_IN_URL, `$1:${MASK}@`)
    .replace(IN_QUERY, `$1${MASK}`)
}
