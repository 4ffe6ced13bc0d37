/** Where a value may come from: a path in the data. */
export interface Place {
  readonly path: readonly string[]
  /** Somewhere below the path. */
  readonly isDynamic: boolean
}

/** A place that is read, and where in the source. */
export interface Read extends Place {
  readonly at: number
}

/** What stands under the keys of a place. */
export function below(place: Place, keys: readonly string[]): Place {
  return place.isDynamic ? place : { path: [...place.path, ...keys], isDynamic: false }
}

/** An element of a place. */
export function within({ path }: Place): Place {
  return { path, isDynamic: true }
}

/** Tells places apart. */
export function keyOf({ path, isDynamic }: Place): string {
  return JSON.stringify([isDynamic, ...path])
}
