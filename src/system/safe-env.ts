/**
 * What a child may inherit: enough to find programs, folders and the language; nothing that could be a secret of the
 * gateway, so no proxies either: their URLs may hold passwords.
 */
const SAFE = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'TMPDIR',
  'TMP',
  'TEMP',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'XDG_CACHE_HOME',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_RUNTIME_DIR',
  // Files with the CAs of a company. Without them npx and uvx wait in silence behind a proxy that opens TLS.
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  // Windows cannot start most programs without these.
  'SystemRoot',
  'SystemDrive',
  'ComSpec',
  'PATHEXT',
  'APPDATA',
  'LOCALAPPDATA',
  'USERPROFILE',
  'ProgramFiles',
  'windir',
]

/** The safe part of our `own` environment, with `extra` on top. */
export function safeEnv(
  extra: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const name of SAFE) {
    const value = own[name]
    if (value !== undefined) env[name] = value
  }
  return { ...env, ...extra }
}
