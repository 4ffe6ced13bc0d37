import { readManifestFiles, type ManifestFile, type ManifestFolder } from './manifests.ts'

/** Everything a configuration was read from. */
export interface ConfigSource {
  readonly bytes: Uint8Array
  /** The manifests beside the file; none when it has no references to them. */
  readonly manifests: readonly ManifestFile[]
}

/** Reads a configuration file, and the manifests beside it when it refers to some. Rejects when it cannot be read. */
export async function readConfigSource(
  file: string,
  folder: ManifestFolder,
): Promise<ConfigSource> {
  const bytes = await folder.readFile(file)
  return { bytes, manifests: mayRefer(bytes) ? await readManifestFiles(file, folder) : [] }
}

/** Whether a configuration may refer to manifests. */
export function mayRefer(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('compositeToolRefs')
}

/** Whether there is the same text in the same files. */
export function isSameSource(a: ConfigSource, b: ConfigSource): boolean {
  return (
    Buffer.from(a.bytes).equals(b.bytes) &&
    a.manifests.length === b.manifests.length &&
    a.manifests.every(({ file, bytes }, index) => {
      const other = b.manifests[index]
      return other?.file === file && Buffer.from(bytes).equals(other.bytes)
    })
  )
}
