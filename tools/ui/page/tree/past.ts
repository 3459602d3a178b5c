import { signal } from '@preact/signals';
import type { ActorDetail, TreeShape } from '../../wire/tree.js';

/** A tree that is not that of a living process: of a run, or of a moment that is over. Whoever travels in time sets it. */
export interface PastTree {
  readonly shape: TreeShape;
  /** How its figures are known, as `TimeTree` says; null: exactly. */
  readonly ages: readonly number[] | null;
  /** One actor as it was then. */
  readonly actor: (path: string, signal: AbortSignal) => Promise<ActorDetail>;
}

/** Null: the tree of now is shown, where there is one. */
export const pastTree = signal<PastTree | null>(null);
