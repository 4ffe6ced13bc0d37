import { hostname } from 'node:os'

/** How runs know the process that has them: where it is, and a name that no other one ever has. */
export function runOwner(id: string): string {
  return `${hostname()}/${process.pid}/${id}`
}

/**
 * True for a process of this machine that has certainly ended, so that its runs go on at once after a crash: nobody has its
 * number any more, or we have it now, as the first process of a container has its predecessor's.
 */
export function isGoneFromHere(owner: string, self: string): boolean {
  const [host, pid] = owner.split('/')
  const number = Number(pid)
  if (owner === self || host !== hostname() || !Number.isInteger(number) || number <= 0)
    return false
  return number === process.pid || !isAlive(number)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // A process of another user is there all the same.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
