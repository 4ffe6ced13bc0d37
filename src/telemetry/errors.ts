import { defineErrors } from '../base/errors.ts'

export const telemetryErrors = defineErrors('TELEMETRY', {
  CA_FILE: {
    fault: 'environment',
    status: 500,
    message: (d: { path: string; reason: string }) =>
      `Cannot read the trust anchors "${d.path}" of the telemetry endpoint: ${d.reason}`,
    hint: () => 'Set telemetry.caCertPath to a PEM file that this user may read',
  },
})
