import metadata from '../../../package.json' with { type: 'json' }
import { checkFormat } from '../check-format.ts'
import type { CommandHandler } from '../command-spec.ts'
import type { versionSpec } from '../specs/version.ts'

/** `thv version`. */
export const version: CommandHandler<typeof versionSpec> = async (flags, { print }) => {
  const platform = `${process.platform}/${process.arch}`
  if (checkFormat(flags.format) === 'json' || flags.json) {
    const built = { commit: 'unknown', build_date: 'unknown' }
    const node_version = process.version
    const facts = { version: metadata.version, ...built, node_version, platform }
    print(JSON.stringify(facts, undefined, 2))
  } else {
    print(`ToolHive v${metadata.version}\nNode version: ${process.version}\nPlatform: ${platform}`)
  }
  return 0
}
