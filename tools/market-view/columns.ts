/** Columns that grow: typed arrays which double, so that millions of values cost no object each. */

type Array8 = Float64Array | Float32Array | Int32Array | Uint8Array;

class Column<A extends Array8> {
  values: A;
  length = 0;
  readonly #make: (room: number) => A;

  constructor(make: (room: number) => A) {
    this.#make = make;
    this.values = make(64);
  }

  get bytes(): number {
    return this.values.byteLength;
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = this.#make(this.length * 2);
      (larger as Float64Array).set(this.values);
      this.values = larger;
    }
    this.values[this.length] = value;
    this.length += 1;
  }
}

export type { Column };
export const doubles = (): Column<Float64Array> => new Column((room) => new Float64Array(room));
export const floats = (): Column<Float32Array> => new Column((room) => new Float32Array(room));
export const ints = (): Column<Int32Array> => new Column((room) => new Int32Array(room));
export const bytes = (): Column<Uint8Array> => new Column((room) => new Uint8Array(room));

/** The first index in [from, length) of an ascending column whose value is `at` or greater. */
export function lowerBound(column: Column<Float64Array>, at: number, from = 0): number {
  const { values } = column;
  let low = from;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
