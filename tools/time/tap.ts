import { TraceKind } from '../../runtime/observe/trace.js';
import type { Names } from './columns.js';
import type { Player } from './player.js';

/** Takes what the flight recorder of a player writes, once, with actors by the number of their paths. */
export class Tap {
  readonly #actors: Names;
  readonly #take: (kind: TraceKind, actor: number, atUs: number, record: number) => void;
  readonly #byCell = new Map<number, number>();
  #player: Player | undefined;
  #seen = 0;
  /** Events that had happened before the player's first. */
  #before = 0;

  constructor(actors: Names, take: (kind: TraceKind, actor: number, atUs: number, record: number) => void) {
    this.#actors = actors;
    this.#take = take;
  }

  /** `before`: events that the recording had where the player begins, or undefined at its beginning, whose first events are taken at once. */
  attach(player: Player, before: number | undefined): void {
    this.#player = player;
    if (before === undefined) {
      this.pull();
      return;
    }
    this.#seen = player.runtime.trace().count;
    this.#before = before - this.#seen;
  }

  /** How many events of the recording have happened. */
  get count(): number {
    return this.#player === undefined ? 0 : this.#before + this.#player.runtime.trace().count;
  }

  /** Takes what was written since. */
  pull(): void {
    const player = this.#player;
    if (player === undefined) return;
    const trace = player.runtime.trace();
    if (trace.count === this.#seen) return;
    const record = player.recordsNow;
    const lost = trace.visitSince(this.#seen, this.#visit(record, player.clockNow));
    this.#seen = trace.count;
    // The ring is as long as a step may be; that there are as many as there were matters more than who they were.
    for (let n = 0; n < lost; n += 1) this.#take(TraceKind.turn, this.#actors.numberOf('?'), player.clockNow, record);
  }

  #visit(record: number, clockUs: number): (kind: TraceKind, cell: number, detail: number, atUs: number) => void {
    // Of a turn of the kernel the recorder has the clock before its records.
    return (kind, cell, _detail, atUs) => this.#take(kind, this.#byCell.get(cell) ?? this.#find(cell), kind === TraceKind.turn ? Math.max(atUs, clockUs) : atUs, record);
  }

  #find(cell: number): number {
    if (cell === 0) return this.#actors.numberOf('');
    const path = this.#player!.runtime.pathsOfCells([cell], Infinity).get(cell) ?? '?';
    const actor = this.#actors.numberOf(path);
    this.#byCell.set(cell, actor);
    return actor;
  }
}
