import type {
  CommandNode,
  ListNode,
  OperandNode,
  PipeNode,
  RangeNode,
  StatementNode,
  TemplateCallNode,
} from '../syntax/nodes.ts'
import { below, keyOf, type Place, type Read, within } from './place.ts'

/** Where a value may come from; nothing for what is computed. */
type Places = readonly Place[]

interface Variable {
  readonly name: string
  places: Places
}

/** Nodes that are looked at, calls of definitions counted each time. What lies beyond is not followed. */
const MAX_VISITS = 20_000

/** Walks through a template with places instead of values, and notes each that is used. */
export class Reader {
  readonly #definitions: ReadonlyMap<string, ListNode>
  readonly #reads: Read[] = []
  /** Names of definitions that are being walked through. */
  readonly #calls: string[] = []
  #variables: Variable[] = []
  #visits = 0

  constructor(definitions: ReadonlyMap<string, ListNode>) {
    this.#definitions = definitions
  }

  read(root: ListNode): readonly Read[] {
    this.#body(root, [{ path: [], isDynamic: false }])
    return this.#reads
  }

  /** A whole template or definition: it sees no variable but `$`. */
  #body(list: ListNode, dot: Places): void {
    const outer = this.#variables
    this.#variables = [{ name: '$', places: dot }]
    this.#list(list, dot)
    this.#variables = outer
  }

  #list({ nodes }: ListNode, dot: Places): void {
    for (const node of nodes) {
      if (this.#visits++ > MAX_VISITS) return
      this.#statement(node, dot)
    }
  }

  #statement(node: StatementNode, dot: Places): void {
    switch (node.kind) {
      case 'action':
        this.#used(node.pipe, dot)
        return
      case 'if':
      case 'with': {
        const mark = this.#variables.length
        const places = this.#used(node.pipe, dot)
        this.#list(node.body, node.kind === 'with' ? places : dot)
        if (node.otherwise) this.#list(node.otherwise, dot)
        this.#variables.length = mark
        return
      }
      case 'range':
        this.#range(node, dot)
        return
      case 'template':
        this.#call(node, dot)
        return
      case 'text':
      case 'break':
      case 'continue':
    }
  }

  #range({ pipe, body, otherwise }: RangeNode, dot: Places): void {
    const mark = this.#variables.length
    const elements = this.#used(pipe, dot).map(within)
    pipe.variables.forEach((name, i) => {
      const isKey = pipe.variables.length > 1 && i === 0
      this.#variableNamed(name).places = isKey ? [] : elements
    })
    const before = this.#assignments()
    this.#list(body, elements)
    // What is assigned at the end of the body is read at its beginning.
    if (this.#assignments() !== before) this.#list(body, elements)
    if (otherwise) this.#list(otherwise, dot)
    this.#variables.length = mark
  }

  /** Changes with every assignment that adds a place. */
  #assignments(): number {
    return this.#variables.reduce((sum, { places }) => sum + places.length, 0)
  }

  #call({ at, name, pipe }: TemplateCallNode, dot: Places): void {
    const places = pipe ? this.#places(pipe, dot) : []
    const body = this.#definitions.get(name)
    if (!body || this.#calls.includes(name)) {
      this.#note(at, places.map(within))
      return
    }
    this.#calls.push(name)
    this.#body(body, places)
    this.#calls.pop()
  }

  /** The places of a pipeline whose value is looked at. */
  #used(pipe: PipeNode, dot: Places): Places {
    const places = this.#places(pipe, dot)
    this.#note(firstOperand(pipe).at, places)
    return places
  }

  #note(at: number, places: Places): void {
    for (const place of places) this.#reads.push({ ...place, at })
  }

  #places({ commands, variables, assigns }: PipeNode, dot: Places): Places {
    let places: Places | undefined
    for (const command of commands) places = this.#command(command, dot, places)
    for (const name of variables) {
      if (assigns) {
        const variable = this.#variableNamed(name)
        variable.places = union([variable.places, places ?? []])
      } else this.#variables.push({ name, places: places ?? [] })
    }
    return places ?? []
  }

  /** `piped` are the places of the command before it. */
  #command({ operands }: CommandNode, dot: Places, piped: Places | undefined): Places {
    const [first, ...args] = operands
    if (first.kind !== 'identifier') {
      const places = this.#operand(first, dot)
      for (const arg of args) this.#note(arg.at, this.#operand(arg, dot))
      return places
    }
    const given = args.map((arg) => ({ at: arg.at, arg, places: this.#operand(arg, dot) }))
    if (piped) given.push({ at: first.at, arg: first, places: piped })
    switch (first.name) {
      case 'and':
      case 'or':
        for (const { at, places } of given) this.#note(at, places)
        return union(given.map(({ places }) => places))
      case 'index':
        return this.#index(given)
      case 'slice':
        for (const { at, places } of given) this.#note(at, places)
        return (given[0]?.places ?? []).map(within)
      default:
        for (const { at, places } of given) this.#note(at, places)
        return []
    }
  }

  /** `index .steps "a"` is `.steps.a`. */
  #index(given: readonly { at: number; arg: OperandNode; places: Places }[]): Places {
    const [item, ...keys] = given
    let places = item?.places ?? []
    for (const { at, arg, places: keyPlaces } of keys) {
      this.#note(at, keyPlaces)
      const key = arg.kind === 'literal' && typeof arg.value === 'string' ? arg.value : undefined
      places = places.map((place) => (key === undefined ? within(place) : below(place, [key])))
    }
    return places
  }

  #operand(node: OperandNode, dot: Places): Places {
    this.#visits++
    switch (node.kind) {
      case 'dot':
        return dot
      case 'field':
        return dot.map((place) => below(place, node.names))
      case 'variable': {
        const { places } = this.#variableNamed(node.name)
        return places.map((place) => below(place, node.names))
      }
      case 'chain':
        return this.#operand(node.of, dot).map((place) => below(place, node.names))
      case 'pipe':
        return this.#places(node, dot)
      case 'identifier':
      case 'literal':
      case 'nil':
        return []
    }
  }

  #variableNamed(name: string): Variable {
    return this.#variables.findLast((variable) => variable.name === name) ?? { name, places: [] }
  }
}

/** Where a pipeline begins in the eyes of its reader. */
function firstOperand({ commands }: PipeNode): OperandNode {
  const [first] = commands[0].operands
  return first.kind === 'pipe' ? firstOperand(first) : first
}

function union(all: readonly Places[]): Places {
  return [...new Map(all.flat().map((place) => [keyOf(place), place])).values()]
}
