/** What all paths of the API of runs begin with. */
export const WORKFLOW_ROOT = '/api/workflows'

/** True for the URL of a request that is for the API of runs. */
export function isWorkflowPath(url: string): boolean {
  const path = url.split('?', 1)[0] ?? ''
  return path === WORKFLOW_ROOT || path.startsWith(`${WORKFLOW_ROOT}/`)
}
