type Reason = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** A refusal of the runtime as a sentence; its kind stays in the error's data. */
export function refusalText(reason: Reason): string {
  const path = typeof reason['path'] === 'string' ? reason['path'] : 'it';
  switch (reason.kind) {
    case 'not_found':
      return `there is no such actor or child (${path})`;
    case 'not_worker':
      return `${path} is a supervisor; that is for workers only`;
    case 'not_supervisor':
      return `${path} is a worker; that is for supervisors only`;
    case 'not_running':
      return `${path} is not running: ${String(reason['state'])}`;
    case 'already_started':
      return `${path} is there and runs`;
    case 'already_present':
      return `${path} is there, and stopped`;
    case 'running':
      return `${path} is running`;
    case 'restarting':
      return `${path} is being restarted`;
    case 'stopping':
      return `${path} is stopping`;
    case 'starting':
      return `${path} is still starting`;
    case 'needs_reference':
      return `${path} is a dynamic supervisor: its children are known by reference, not by id`;
    case 'partitioned':
      return `${path} is partitioned: its children are its partitions`;
    case 'max_children':
      return `the supervisor has its ${String(reason['limit'])} children, which is the most it may have`;
    case 'invalid_spec': {
      const problems = listOf(reason['problems']);
      return `the specification is wrong${problems.length === 0 ? '' : `: ${problems.join('; ')}`}`;
    }
    case 'start_failed':
      return `it could not be started: ${causeOf(reason['cause'])}`;
    case 'in_turn':
      return 'a turn is under way';
    case 'no_state':
      return `${path} has no good state at the moment`;
    case 'no_snapshot_hook':
      return `${path} changes its state in place, and its behaviour ${String(reason['behaviour'])} has no snapshot hook`;
    case 'no_restore':
      return `${path} changes its state in place, and its behaviour has no restore hook`;
    case 'snapshot_threw':
      return `the snapshot hook of ${path} threw: ${causeOf(reason['cause'])}`;
    case 'restore_threw':
      return `the restore hook of ${path} threw: ${causeOf(reason['cause'])}`;
    default:
      return `the runtime refuses: ${reason.kind}${path === 'it' ? '' : ` (${path})`}`;
  }
}

/** A problem of an upgrade as a sentence, its kind first: `no_migrate: …`. */
export function upgradeProblemText(problem: Reason): string {
  const path = typeof problem['path'] === 'string' ? `${problem['path']}: ` : '';
  return `${path}${problem.kind}${explained(problem)}`;
}

function explained(problem: Reason): string {
  const versions = `from version ${String(problem['from'])} to ${String(problem['to'])}`;
  switch (problem.kind) {
    case 'not_found':
      return ', there is no such actor';
    case 'not_worker':
      return ', it is a supervisor; only workers have behaviours';
    case 'no_such_behaviour':
      return `, no actor has a behaviour named ${String(problem['behaviour'])}`;
    case 'invalid_behaviour':
      return `, ${listOf(problem['problems']).join('; ')}`;
    case 'name_differs':
      return `, it has the behaviour ${String(problem['behaviour'])}, and the module gives ${String(problem['wanted'])}`;
    case 'not_newer':
      return `, ${versions}: the version has to be higher`;
    case 'busy':
      return `, it is ${String(problem['state'])}: try again`;
    case 'no_snapshot':
      return ', its state is changed in place and the version that runs has no snapshot hook';
    case 'no_migrate':
      return `, ${versions}: the new version needs migrate(data, fromVersion) that answers with data`;
    case 'no_restore':
      return ', the new version has no restore hook, and needs one here';
    case 'snapshot_threw':
    case 'migrate_threw':
    case 'restore_threw':
      return `, ${causeOf(problem['cause'])}`;
    default:
      return '';
  }
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** The innermost cause: what wraps it says only who was starting whom. */
function causeOf(cause: unknown): string {
  const { name, message, cause: inner } = (typeof cause === 'object' && cause !== null ? cause : {}) as { readonly name?: unknown; readonly message?: unknown; readonly cause?: unknown };
  if (typeof inner === 'object' && inner !== null) return causeOf(inner);
  return `${typeof name === 'string' ? name : 'error'}: ${typeof message === 'string' ? message : ''}`;
}
