/**
 * The floor of every folder of `src/`. A file imports its own folder and the front files of strictly lower floors.
 * A new folder gets its line here first.
 */
export const FLOORS: Readonly<Record<string, number>> = {
  base: 0,
  schema: 1,
  storage: 2,
  telemetry: 2,
  net: 2,
  system: 2,
  kube: 2,
  template: 2,
  mcp: 3,
  oauth: 3,
  secrets: 3,
  auth: 4,
  authserver: 4,
  cluster: 4,
  policy: 4,
  workflow: 4,
  registry: 4,
  skills: 4,
  clients: 4,
  workloads: 5,
  gateway: 5,
  api: 6,
  operator: 6,
  console: 6,
  app: 7,
  cli: 8,
}
