/**
 * Seeded generator: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, period at least 2^32, seeded from
 * text through a 128-bit hash so that neighbouring seeds give unrelated streams.
 */
export class Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;

  constructor(seed: string) {
    let h1 = 1779033703;
    let h2 = 3144134277;
    let h3 = 1013904242;
    for (let i = 0; i < seed.length; i++) {
      const code = seed.charCodeAt(i);
      h1 = h2 ^ Math.imul(h1 ^ code, 597399067);
      h2 = h3 ^ Math.imul(h2 ^ code, 2869860233);
      h3 = h1 ^ Math.imul(h3 ^ code, 951274213);
    }
    this.a = h1 | 0;
    this.b = h2 | 0;
    this.c = h3 | 0;
    for (let i = 0; i < 12; i++) this.nextInt();
  }

  /** Uniform 32-bit unsigned integer. */
  nextInt(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + t) | 0;
    return t >>> 0;
  }

  /** Uniform in [0, 1), 53 bits. */
  next(): number {
    const high = this.nextInt() >>> 5;
    const low = this.nextInt() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** The state, to go back to with `load`. */
  save(into: Int32Array): void {
    into[0] = this.a;
    into[1] = this.b;
    into[2] = this.c;
    into[3] = this.counter;
  }

  load(from: Int32Array): void {
    this.a = from[0]!;
    this.b = from[1]!;
    this.c = from[2]!;
    this.counter = from[3]!;
  }
}
