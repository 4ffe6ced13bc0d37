import { readFileSync, writeFileSync } from 'node:fs'
import { missingPlatforms } from './lock/complete-lock.ts'
import type { LockedPackages } from './lock/complete-lock.ts'

/** Checks that `package-lock.json` names the native parts of every platform, so that `npm ci` works; `--fix` adds them. */
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: LockedPackages }
const missing = missingPlatforms(lock.packages)
const names = Object.keys(missing)

if (names.length > 0 && process.argv.includes('--fix')) {
  const all = Object.entries({ ...lock.packages, ...missing })
  lock.packages = Object.fromEntries(all.sort(([a], [b]) => a.localeCompare(b, 'en')))
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`Added ${names.length} entries to package-lock.json`)
} else if (names.length > 0) {
  console.error(`package-lock.json lacks ${names.length} native parts, ${names[0]} among them`)
  console.error('Try: npm run lock')
  process.exitCode = 1
}
