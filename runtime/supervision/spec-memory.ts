import { pathUnder } from '../core/levels.js';
import type { ChildSpec } from '../types.js';
import { type ChildPolicy, policyOf } from './policy.js';
import { problemsOfSpec } from './validate.js';

/**
 * The last specification that was found valid and what it comes to. Who spawns many actors does so from one specification, and a
 * specification does not change once it is made. One with an input is not remembered: a temporary child's input goes with it.
 */
export class SpecMemory {
  private valid: unknown = null;
  private last: { readonly spec: ChildSpec; readonly spawned: boolean; readonly policy: ChildPolicy } | null = null;
  private place: { readonly parent: string; readonly id: string; readonly path: string } = { parent: '', id: '', path: '' };

  /** As `problemsOfSpec`. */
  problems(spec: unknown): readonly string[] {
    if (spec === this.valid) return NO_PROBLEMS;
    const problems = problemsOfSpec(spec);
    if (problems.length === 0 && (spec as { readonly input?: unknown }).input === undefined) this.valid = spec;
    return problems;
  }

  /** As `pathUnder`. */
  pathUnder(parent: string, id: string): string {
    const { place } = this;
    if (place.id === id && place.parent === parent) return place.path;
    const path = pathUnder(parent, id);
    this.place = { parent, id, path };
    return path;
  }

  /** As `policyOf`; children share it where it holds nothing of their own. */
  policyOf(spec: ChildSpec, spawned: boolean): ChildPolicy {
    const { last } = this;
    if (last !== null && spec === last.spec && spawned === last.spawned) return last.policy;
    const policy = policyOf(spec, spawned);
    if (policy.quarantine === null && !('input' in spec)) this.last = { spec, spawned, policy };
    return policy;
  }
}

const NO_PROBLEMS: readonly string[] = [];
