/**
 * Round robin, told by `/readyz` who may have new requests. A request goes to another server only if it was not sent: HAProxy
 * cannot know what may run twice. Long calls and streams are quiet for as long as they like.
 *
 * A server that says 503 drains: what it does is left to end. One that says nothing is cut off, for its connections never break
 * by themselves: their clients send again what has a key.
 */
export function haproxyConfig(port: number, ports: readonly number[]): string {
  return `
global
  maxconn 4000
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout check 500ms
  retries 3
  retry-on conn-failure
  option redispatch 1
frontend clients
  bind 127.0.0.1:${port}
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200 error-status L7OKC
  default-server check inter 300ms fastinter 150ms downinter 300ms fall 2 rise 1 on-marked-down shutdown-sessions
${ports.map((each, index) => `  server replica${index} 127.0.0.1:${each}`).join('\n')}
`
}
