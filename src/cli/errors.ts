import { defineErrors } from '../base/errors.ts'

const help = (command: string) => `thv ${command === '' ? '' : `${command} `}--help`

interface UnknownComposite {
  readonly tool: string
  readonly file: string
  readonly names: readonly string[]
  readonly meant: string | undefined
}

export const cliErrors = defineErrors('CLI', {
  UNKNOWN_COMMAND: {
    fault: 'caller',
    status: 400,
    message: (d: { command: string; above: string; meant: string | undefined }) =>
      `There is no command "${d.command}"`,
    hint: (d: { command: string; above: string; meant: string | undefined }) =>
      d.meant === undefined
        ? help(d.above)
        : `thv ${d.above === '' ? '' : `${d.above} `}${d.meant}`,
  },
  UNKNOWN_FLAG: {
    fault: 'caller',
    status: 400,
    message: (d: { flag: string; command: string; meant: string | undefined }) =>
      `There is no flag ${d.flag}${d.command === '' ? '' : ` for "${d.command}"`}`,
    hint: (d: { flag: string; command: string; meant: string | undefined }) =>
      d.meant === undefined ? help(d.command) : `--${d.meant}`,
  },
  UNEXPECTED_WORD: {
    fault: 'caller',
    status: 400,
    message: (d: { word: string; command: string }) =>
      `"${d.command}" takes no argument "${d.word}"`,
    hint: (d: { word: string; command: string }) => help(d.command),
  },
  MISSING_ARGUMENT: {
    fault: 'caller',
    status: 400,
    message: (d: { argument: string; usage: string }) => `${d.argument} is missing`,
    hint: (d: { argument: string; usage: string }) => `thv ${d.usage}`,
  },
  MISSING_VALUE: {
    fault: 'caller',
    status: 400,
    message: (d: { flag: string; value: string }) => `The flag ${d.flag} needs a value`,
    hint: (d: { flag: string; value: string }) => `${d.flag} ${d.value}`,
  },
  BAD_SWITCH: {
    fault: 'caller',
    status: 400,
    message: (d: { flag: string; value: string }) =>
      `The flag ${d.flag} is true or false, not "${d.value}"`,
    hint: (d: { flag: string; value: string }) => `${d.flag}, or ${d.flag}=false`,
  },
  BAD_VALUE: {
    fault: 'caller',
    status: 400,
    message: (d: { flag: string; value: string; reason: string; hint: string }) =>
      `The value "${d.value}" of ${d.flag} ${d.reason}`,
    hint: (d: { flag: string; value: string; reason: string; hint: string }) => d.hint,
  },
  FLAG_REQUIRED: {
    fault: 'caller',
    status: 400,
    message: (d: { flag: string; value: string }) => `The flag ${d.flag} is required`,
    hint: (d: { flag: string; value: string }) => `${d.flag} ${d.value}`,
  },
  NO_SOURCE: {
    fault: 'caller',
    status: 400,
    message: (_: object) => 'either --config or --group must be specified',
    hint: () => 'thv vmcp init writes a file to start from; --group default serves what runs here',
  },
  NOT_LOOPBACK: {
    fault: 'caller',
    status: 400,
    message: (d: { host: string }) =>
      `Cannot listen on "${d.host}": quick mode only supports loopback addresses, as it lets everybody in`,
    hint: () => '--host 127.0.0.1, or a file with --config and incomingAuth in it',
  },
  NO_GROUP: {
    fault: 'caller',
    status: 404,
    message: (d: { group: string; groups: readonly string[] }) =>
      `There is no group "${d.group}" on this machine`,
    hint: (d: { group: string; groups: readonly string[] }) => `one of ${d.groups.join(', ')}`,
  },
  LOADING_FAILED: {
    fault: 'caller',
    status: 400,
    message: (d: { file: string; count: number }) =>
      `configuration loading failed: ${d.file} has ${counted(d.count)}`,
    hint: (d: { file: string; count: number }) =>
      `mend ${d.file}; thv vmcp init -g GROUP -o other.yaml writes a file that is right, beside it`,
  },
  VALIDATION_FAILED: {
    fault: 'caller',
    status: 400,
    message: (d: { file: string; count: number }) =>
      `validation failed: ${d.file} has ${counted(d.count)}`,
    hint: (d: { file: string; count: number }) =>
      `mend ${d.file} and look again: thv vmcp validate -c ${d.file}`,
  },
  UNSUPPORTED: {
    fault: 'caller',
    status: 501,
    message: (d: { file: string; count: number }) =>
      `Cannot serve ${d.file}: it asks for what this version cannot do yet (${counted(d.count)} above)`,
    hint: () => 'take these sections out of the file',
  },
  FLAG_NOT_YET: {
    fault: 'caller',
    status: 501,
    message: (d: { flag: string; what: string }) =>
      `The flag ${d.flag} asks for ${d.what}, which is not available in this version yet`,
    hint: (d: { flag: string; what: string }) => `leave ${d.flag} out`,
  },
  NOBODY_TO_ASK: {
    fault: 'caller',
    status: 400,
    message: (d: { tool: string }) =>
      `Cannot run "${d.tool}": it has to ask something, and stdin is no terminal`,
    hint: () =>
      'run it in a terminal, without a pipe or < before stdin; or serve the file, and call the tool from a client that can be asked',
  },
  NO_GATEWAY: {
    fault: 'environment',
    status: 502,
    message: (d: { url: string; reason: string }) => `No gateway answers at ${d.url}: ${d.reason}`,
    hint: () => 'thv vmcp serve -c FILE starts one; --url names another address',
  },
  NO_SUCH_RUN: {
    fault: 'caller',
    status: 404,
    message: (d: { run: string }) => `There is no run whose id begins with "${d.run}"`,
    hint: () => 'thv workflow list',
  },
  AMBIGUOUS_RUN: {
    fault: 'caller',
    status: 400,
    message: (d: { run: string; ids: readonly string[] }) =>
      `Several runs begin with "${d.run}": ${d.ids.join(', ')} …`,
    hint: () => 'write more of the id',
  },
  NO_SUCH_COMPOSITE: {
    fault: 'caller',
    status: 404,
    message: (d: UnknownComposite) => `${d.file} has no composite tool "${d.tool}"`,
    hint: (d: UnknownComposite) =>
      d.meant !== undefined
        ? `did you mean "${d.meant}"?`
        : d.names.length > 0
          ? `one of ${d.names.join(', ')}`
          : 'compositeTools is where they are written',
  },
  PORT_TAKEN: {
    fault: 'environment',
    status: 409,
    message: (d: { host: string; port: number; owner: string | undefined }) =>
      `Cannot listen on ${d.host}:${d.port}: ${d.owner ?? 'another process'} has the port`,
    hint: (d: { host: string; port: number; owner: string | undefined }) =>
      `--port ${d.port + 1}, or --port 0 for any free one, or end that process`,
  },
  CANNOT_LISTEN: {
    fault: 'environment',
    status: 500,
    message: (d: { host: string; port: number; reason: string }) =>
      `Cannot listen on ${d.host}:${d.port}: ${d.reason}`,
    hint: () => 'another --host or --port',
  },
  FILE_EXISTS: {
    fault: 'caller',
    status: 409,
    message: (d: { file: string }) => `${d.file} is there already, and says something else`,
    hint: (d: { file: string }) =>
      `-o with another name, or --force to replace ${d.file}: what is in it is lost`,
  },
  CANNOT_WRITE: {
    fault: 'environment',
    status: 500,
    message: (d: { file: string; reason: string }) => `Cannot write ${d.file}: ${d.reason}`,
    hint: () => '--output with a path in a folder that exists and may be written',
  },
})

function counted(count: number): string {
  return count === 1 ? '1 problem' : `${count} problems`
}
