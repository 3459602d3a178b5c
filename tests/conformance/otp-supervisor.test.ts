/**
 * The cases of OTP 25's supervisor suite, under its names and in its order. Each is headed by the rule it holds; what had to be
 * adapted is said after "Adapted". The bodies are in otp/, by group. References are addresses here: where OTP sees a new pid, we
 * see the next incarnation, and where OTP lists children last first, we list them in start order.
 */
import { test } from 'node:test';
import * as admin from './otp/admin.js';
import * as specs from './otp/specs.js';
import * as start from './otp/start.js';
import * as stop from './otp/stop.js';
import * as strategies from './otp/strategies.js';

// An empty supervisor starts, and stops with `shutdown`.
test('sup_start_normal', start.sup_start_normal);
// A root that says there is nothing to do is no failure: the start answers so, and nothing runs.
// Adapted: supervisors are data and have no init; a worker given as root says it.
test('sup_start_ignore_init', start.sup_start_ignore_init);
// A permanent child that ignores its start is kept without an incarnation, and the next child starts.
test('sup_start_ignore_child', start.sup_start_ignore_child);
// A temporary child that ignores its start at boot leaves no specification.
test('sup_start_ignore_temporary_child', start.sup_start_ignore_temporary_child);
// Nor does one that is started later.
test('sup_start_ignore_temporary_child_start_child', start.sup_start_ignore_temporary_child_start_child);
// Nor one in a dynamic supervisor.
// Adapted: a dynamic child has an id and counts as a specification of its own (OTP counts its one template).
test('sup_start_ignore_temporary_child_start_child_simple', start.sup_start_ignore_temporary_child_start_child_simple);
// A dynamic supervisor keeps nothing of a permanent child that ignores its start, and stops cleanly later.
// Adapted: counts, as above.
test('sup_start_ignore_permanent_child_start_child_simple', start.sup_start_ignore_permanent_child_start_child_simple);
// A specification that is none is a tagged start error.
// Adapted: there is no init whose return could be odd; the types forbid the values, so they are forced.
test('sup_start_error_return', start.sup_start_error_return);
// A start that throws is a start error that carries what was thrown; what had started is stopped.
// Adapted: the throwing init is a child's.
test('sup_start_fail', start.sup_start_fail);
// A child whose start fails, by value, by an odd return or by a throw, leaves nothing behind.
// Adapted: the odd return of an init is a promise; any other value is a state.
test('sup_start_child_returns_error', start.sup_start_child_returns_error);
// A manual restart that fails keeps the specification without an incarnation.
test('sup_start_restart_child_returns_error', start.sup_start_restart_child_returns_error);
// The same failures in a dynamic supervisor leave nothing behind.
test('sup_start_child_returns_error_simple', start.sup_start_child_returns_error_simple);

// Defaults: permanent, 5000 ms for a worker and infinity for a supervisor, not significant; an unknown id is not found.
test('sup_start_map', specs.sup_start_map);
// The specification of a dynamic child is asked for by reference and shows the template; a foreign reference is not found.
// Adapted: each child has its own id beside the template.
test('sup_start_map_simple', specs.sup_start_map_simple);
// A child without id or start, or that is no object, is refused with the name of the problem.
// Adapted: an unknown key is refused too (OTP ignores it): it is most often a misspelt one.
test('sup_start_map_faulty_specs', specs.sup_start_map_faulty_specs);

// `infinity` waits for workers and supervisors as long as it takes; both end with `shutdown`.
test('sup_stop_infinity', stop.sup_stop_infinity);
// A polite child ends with `shutdown`; one that does not answer is killed when its time is up.
// Adapted: the sleeper is stuck in its clean-up; a busy loop on the only thread could not be pre-empted.
test('sup_stop_timeout', stop.sup_stop_timeout);
// The same in a dynamic supervisor, where the time of all children runs at once.
// Adapted: the sleeper, as above.
test('sup_stop_timeout_dynamic', stop.sup_stop_timeout_dynamic);
// A brutally killed child does no clean-up and ends with `killed`.
// Adapted: a kill fences the actor (generation, timers, subscriptions, children); no thread is torn down.
test('sup_stop_brutal_kill', stop.sup_stop_brutal_kill);
// The same for ten children of a dynamic supervisor.
// Adapted: kill, as above.
test('sup_stop_brutal_kill_dynamic', stop.sup_stop_brutal_kill_dynamic);
// Children that end by themselves while the supervisor stops neither stop it from stopping nor come back; each has its own reason.
test('sup_stop_race', stop.sup_stop_race);
// A dynamic supervisor stops whatever reasons its children end with.
test('sup_stop_non_shutdown_exit_dynamic', stop.sup_stop_non_shutdown_exit_dynamic);

// Start, terminate, restart and delete answer as OTP does, each state of a child with each of them.
// Adapted: a supervisor that does not exist is `not_found` (OTP exits the caller); by reference it is `needs_id` (OTP: not_found).
test('child_adm', admin.child_adm);
// A dynamic supervisor knows its children by reference: one of its own that has gone is fine, a foreign one is not found.
// Adapted: its refusal of an id is called `needs_reference` (OTP: simple_one_for_one); counts, as above.
test('child_adm_simple', admin.child_adm_simple);
// Information given at a start is passed through to whoever asked for it, and to nobody at an automatic restart.
// Adapted: it is the `info` field of the answer.
test('extra_return', admin.extra_return);
// Every malformed specification is refused with the name of its problem, every combination of good values is accepted.
// Adapted: there is one form of specification, the object; `kind` stands for the type and `behaviour` for start and modules.
test('child_specs', specs.child_specs);
// The same with every combination of significant, restart, shutdown and autoShutdown; all problems are told, not the first.
test('child_specs_map', specs.child_specs_map);
// Each invalid strategy, intensity, period and auto-shutdown is named in the error.
// Adapted: an unknown flag is refused too.
test('sup_flags', specs.sup_flags);
// Restarts spaced wider than the window never escalate; the window includes its end.
test('multiple_restarts', strategies.multiple_restarts);

// Only the child that ended is started again; one more than the budget ends the supervisor.
// Adapted: giving up is an abnormal exit with the chain of causes (OTP: shutdown), here and in what follows.
test('one_for_one', strategies.one_for_one);
