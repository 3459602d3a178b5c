import type { Behaviour, DynamicSupervisorSpec, PartitionedSupervisorSpec, SupervisorSpec, WorkerSpec } from '../types.js';

type WorkerOptions<S, M, Input> = Omit<WorkerSpec<M>, 'kind' | 'behaviour' | 'input' | 'mailbox' | '_message'> & {
  readonly behaviour: Behaviour<S, M, Input>;
  readonly mailbox?: Omit<NonNullable<WorkerSpec['mailbox']>, 'conflateKey'> & { readonly conflateKey?: (message: M) => string | number };
} & (undefined extends Input ? { readonly input?: Input } : { readonly input: Input });

/** Specification of a worker; ties the behaviour's input and message types to `input` and the reference. */
export function worker<S, M, Input>(options: WorkerOptions<S, M, Input>): WorkerSpec<M> {
  return { kind: 'worker', ...options } as unknown as WorkerSpec<M>;
}

/** Specification of a supervisor with named children that start in order. */
export function supervisor(options: Omit<SupervisorSpec, 'kind'>): SupervisorSpec {
  return { kind: 'supervisor', ...options };
}

/** Specification of a supervisor whose children come and go, each on its own. */
export function dynamicSupervisor(options: Omit<DynamicSupervisorSpec, 'kind'>): DynamicSupervisorSpec {
  return { kind: 'dynamic', ...options };
}

/** Specification of a supervisor of like partitions, to which `route` deals keys. */
export function partitionedSupervisor(options: Omit<PartitionedSupervisorSpec, 'kind'>): PartitionedSupervisorSpec {
  return { kind: 'partitioned', ...options };
}
