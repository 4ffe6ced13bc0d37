/** One package of `package-lock.json`, as far as it matters here. */
export interface LockedPackage {
  version?: string
  dev?: boolean
  license?: string
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

/** `packages` of `package-lock.json`, by path: `node_modules/a/node_modules/b`; the root is ``. */
export type LockedPackages = Record<string, LockedPackage>

/**
 * The entries a lock file lacks for native parts of other platforms. npm leaves them out when the registry it asks does
 * not hold them at the time, and then `npm ci` refuses the lock file everywhere. They are fetched only where they fit.
 */
export function missingPlatforms(packages: LockedPackages): LockedPackages {
  const missing: LockedPackages = {}
  for (const [path, owner] of Object.entries(packages))
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {}))
      if (!isLocked(packages, path, name))
        missing[`node_modules/${name}`] = platformPackage(name, version, owner)
  return missing
}

/** As Node resolves: beside the package, then in each folder above it. */
function isLocked(packages: LockedPackages, path: string, name: string): boolean {
  for (
    let folder = path;
    ;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))
  ) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages) return true
    if (folder === '') return false
  }
}

const SYSTEMS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const PROCESSORS = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]

/** What the name of a native part tells: `binding-linux-x64-musl`. */
function platformPackage(name: string, version: string, owner: LockedPackage): LockedPackage {
  const words = name.split(/[/-]/)
  const os = SYSTEMS.filter((system) => words.includes(system))
  const cpu = PROCESSORS.filter((processor) => words.includes(processor))
  if (cpu.length === 0) throw new Error(`Cannot tell the platform of "${name}"`)
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined
  return {
    version,
    cpu,
    ...(owner.dev === true ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc }),
    license: owner.license ?? 'MIT',
    optional: true,
    ...(os.length === 0 ? {} : { os }),
  }
}
