/**
 * Copies of a component's whole state, for checkpoints.
 *
 * A component is a class whose own fields are numbers, booleans, strings, typed arrays, null, or components in
 * turn. `parameters` are not state and are left out. The copy is plain data that `structuredClone` and
 * `postMessage` take; restoring writes it into a component built with the same parameters. A component whose
 * arrays are mostly empty says its state itself (`Compact`).
 */
export type StateValue = number | boolean | string | null | Float64Array | Int32Array | State;
export interface State { readonly [field: string]: StateValue }
type Component = Record<string, unknown>;

/** A component with a shorter form of its state than its fields. */
export interface Compact {
  packState(): State;
  unpackState(state: State): void;
}
const isCompact = (component: object): component is Compact => 'packState' in component;

export function saveState(component: object): State {
  return isCompact(component) ? component.packState() : saveFields(component);
}

/** The fields by themselves, but for those in `except`. */
export function saveFields(component: object, except: readonly string[] = []): State {
  const state: Record<string, StateValue> = {};
  const fields = component as Component;
  // oxlint-disable-next-line faultline/pure -- each field is copied by itself, in whatever order
  for (const key of Object.keys(component)) {
    if (key === 'params' || except.includes(key)) continue;
    const value = fields[key];
    if (value instanceof Float64Array || value instanceof Int32Array) state[key] = value.slice();
    else if (typeof value === 'object' && value !== null) state[key] = saveState(value);
    else state[key] = value as StateValue;
  }
  return state;
}

/** Writes `state` into `component`. `make` builds a component that is null here and was not there. */
export function restoreState(component: object, state: State, make?: (key: string) => object): void {
  if (isCompact(component)) component.unpackState(state);
  else restoreFields(component, state, make);
}

export function restoreFields(component: object, state: State, make?: (key: string) => object): void {
  const fields = component as Component;
  // oxlint-disable-next-line faultline/pure -- each field is written by itself, in whatever order
  for (const key of Object.keys(state)) {
    const value = state[key];
    const here = fields[key];
    if (value instanceof Float64Array || value instanceof Int32Array) {
      const target = here as Float64Array | Int32Array;
      if (target.length === value.length) target.set(value);
      else fields[key] = value.slice();
    } else if (typeof value === 'object' && value !== null) {
      if (here === null && make !== undefined) fields[key] = make(key);
      restoreState(fields[key] as object, value, make);
    } else {
      fields[key] = value;
    }
  }
}
