import { defineErrors } from '../base/errors.ts'

export const policyErrors = defineErrors('POLICY', {
  AUDIT_FILE: {
    fault: 'environment',
    status: 500,
    message: (d: { path: string; reason: string }) =>
      `Cannot open the audit log "${d.path}": ${d.reason}`,
    hint: () => 'Set audit.logFile to a file in a folder that this user may write',
  },
})
