/**
 * The cases of OTP 25's supervisor suite, under its names and in its order. Each is headed by the rule it holds; what had to be
 * adapted is said after "Adapted". The bodies are in otp/, by group. References are addresses here: where OTP sees a new pid, we
 * see the next incarnation, and where OTP lists children last first, we list them in start order.
 */
import { test } from 'node:test';
import * as admin from './otp/admin.js';
import * as change from './otp/code-change.js';
import * as hanging from './otp/hanging.js';
import * as misc from './otp/misc.js';
import * as reports from './otp/reports.js';
import * as types from './otp/restart-types.js';
import * as significant from './otp/significant.js';
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
// A child whose restart keeps failing uses up the budget and takes sibling and supervisor down.
test('one_for_one_escalation', strategies.one_for_one_escalation);

// All children are stopped and started again; one group restart counts once.
test('one_for_all', strategies.one_for_all);
// A sibling that cannot be started again in a group restart uses up the budget.
test('one_for_all_escalation', strategies.one_for_all_escalation);
// When a later child fails to start, the ones already back are stopped again before the next attempt.
test('one_for_all_other_child_fails_restart', strategies.one_for_all_other_child_fails_restart);

// In a dynamic supervisor only the child that ended is started again.
test('simple_one_for_one', strategies.simple_one_for_one);
// Dynamic children stop all at once: that takes as long as the longest polite one, capped by the time-out.
test('simple_one_for_one_shutdown', strategies.simple_one_for_one_shutdown);
// Dynamic children that were started with information restart by themselves like any other.
test('simple_one_for_one_extra', strategies.simple_one_for_one_extra);
// A failing restart in a dynamic supervisor escalates.
test('simple_one_for_one_escalation', strategies.simple_one_for_one_escalation);
// After a temporary child has died the supervisor still does not keep what the next ones start from (OTP-16804).
// Adapted: whether an input is held is asked of the collector (WeakRef) and not read off the heap size.
test('simple_one_for_one_corruption', misc.simple_one_for_one_corruption);

// The child that ended and those started after it come back; earlier ones are not touched.
test('rest_for_one', strategies.rest_for_one);
// A later sibling that cannot be started again uses up the budget.
test('rest_for_one_escalation', strategies.rest_for_one_escalation);
// The next attempt goes on at the child that failed to start; those before it stay.
test('rest_for_one_other_child_fails_restart', strategies.rest_for_one_other_child_fails_restart);

// A permanent child is started again even after a clean end.
test('permanent_normal', types.permanent_normal);
// A transient child is not, and its specification is kept.
test('transient_normal', types.transient_normal);
// A temporary child is not, and its specification is gone.
test('temporary_normal', types.temporary_normal);

// A permanent child is started again after `shutdown` and `{ shutdown, info }`.
test('permanent_shutdown', types.permanent_shutdown);
// A transient child is not; a manual restart works.
test('transient_shutdown', types.transient_shutdown);
// A temporary child is not, and its specification is gone.
test('temporary_shutdown', types.temporary_shutdown);
// The cause of a start that failed deep in a tree reaches whoever started the tree.
// Adapted: the boot of a runtime stands for the start of an application.
test('faulty_application_shutdown', types.faulty_application_shutdown);

// A permanent child is started again after a crash.
test('permanent_abnormal', types.permanent_abnormal);
// So is a transient child.
test('transient_abnormal', types.transient_abnormal);
// A temporary child is not, and its specification is gone.
test('temporary_abnormal', types.temporary_abnormal);

// A child that does not answer when it is terminated cannot hang its supervisor.
// Adapted: there is no link a child could cut; it ignores the request.
test('child_unlink', misc.child_unlink);
// Only the child that died is started again; when a subtree is, its static children return and added ones do not.
test('tree', misc.tree);

// A temporary child that is not significant never closes its supervisor, in any mode, by any end.
test('nonsignificant_temporary', significant.nonsignificant_temporary);
// Nor does a transient one; a crash starts it again.
test('nonsignificant_transient', significant.nonsignificant_transient);
// A significant temporary child closes it by any end of its own, not by being terminated; `all` waits for the last.
// Adapted: the exit of a supervisor that closed itself is a shutdown that says so.
test('significant_temporary', significant.significant_temporary);
// A significant transient child closes it by a clean end only; kill and crash start it again.
test('significant_transient', significant.significant_transient);
// Both modes hold in a dynamic supervisor.
test('significant_simple', significant.significant_simple);
// Being stopped in a sibling's group restart does not close it, whatever the strategy and the mode.
test('significant_bystander', significant.significant_bystander);
// The closing of a significant sub-supervisor closes the one above; that of another does not.
test('significant_escalation', significant.significant_escalation);
// After never -> any, significant children are accepted and close the supervisor.
// Adapted, here and in what follows: `reconfigure` stands for the code change.
test('significant_upgrade_never_any', significant.significant_upgrade_never_any);
// After any -> never, ends close nothing any more and new significant children are refused.
test('significant_upgrade_any_never', significant.significant_upgrade_any_never);
// After never -> all, the last end closes it.
test('significant_upgrade_never_all', significant.significant_upgrade_never_all);
// After all -> never, ends close nothing any more.
test('significant_upgrade_all_never', significant.significant_upgrade_all_never);
// After any -> all, the first end no longer closes it.
test('significant_upgrade_any_all', significant.significant_upgrade_any_all);
// After all -> any, the first end does.
test('significant_upgrade_all_any', significant.significant_upgrade_all_any);
// Whether a running child is significant can change, and holds from then on; under `never` the change is refused.
test('significant_upgrade_child', significant.significant_upgrade_child);

// A thousand and two thousand dynamic workers are counted right, and none after all are killed.
// Adapted: counts, as in sup_start_ignore_temporary_child_start_child_simple.
test('count_children', misc.count_children);
// The same when the children are supervisors.
// Adapted: counts, as above.
test('count_children_supervisor', misc.count_children_supervisor);
// Children that are restarting count, but not as active; others can be terminated meanwhile, and so can they.
// Adapted: the restart loop is slowed down by back-off on the virtual clock.
test('count_restarting_children', misc.count_restarting_children);
// A supervisor tells its callback module to the release handler.
test('get_callback_module', { skip: 'cannot apply: there is no release handler and supervisors have no callback module; behaviours carry a name and a version instead' });
// What a temporary child starts from is not kept, under any strategy; a permanent or transient one needs it.
// Adapted: WeakRef instead of heap size.
test('do_not_save_start_parameters_for_temporary_children', misc.do_not_save_start_parameters_for_temporary_children);
// However a temporary child ends its id is free again; those of permanent and transient children are not.
test('do_not_save_child_specs_for_temporary_children', misc.do_not_save_child_specs_for_temporary_children);
// Terminating 10,000 dynamic children takes less than 50 times as long as terminating 1,000.
// Adapted: CPU time instead of wall time.
test('simple_one_for_one_scale_many_temporary_children', misc.simple_one_for_one_scale_many_temporary_children);
// A temporary sibling that a group restart takes down is not started again and costs the supervisor nothing.
test('temporary_bystander', misc.temporary_bystander);
// The names of a supervisor's children come back when either is killed, exits or is restarted; nothing is left after the top is killed.
// Adapted: the registry is the runtime's own; killing the top is fencing the tree, and a killed supervisor's children go with it.
test('simple_global_supervisor', misc.simple_global_supervisor);
// While a child keeps failing to restart the administrator gets his answers, can terminate it, and stopping is not delayed (OTP-9549).
test('hanging_restart_loop', hanging.hanging_restart_loop);
// The same under rest_for_one: the earlier child stays up, the later one waits.
// Adapted: the later one, which will come back with the group, is `restarting` (OTP: undefined) and not active.
test('hanging_restart_loop_rest_for_one', hanging.hanging_restart_loop_rest_for_one);
// The same in a dynamic supervisor.
// Adapted: a child has an id, so a second start under it is `already_present`.
test('hanging_restart_loop_simple', hanging.hanging_restart_loop_simple);
// New flags are taken over; new children are known and not started; those no longer named stay; a faulty change changes nothing.
// Adapted: `reconfigure` stands for the code change; this is its form with only what changes.
test('code_change', change.code_change);
// The same with whole specifications.
// Adapted: `reconfigure`.
test('code_change_map', change.code_change_map);
// A dynamic supervisor's template may change and stays exactly one.
// Adapted: `reconfigure`; children that run keep the specification they were started with.
test('code_change_simple', change.code_change_simple);
// The same with whole specifications.
// Adapted: `reconfigure`.
test('code_change_simple_map', change.code_change_simple_map);
// Children start in the order they are given and stop in the opposite one, in a partial restart and in the full stop.
test('order_of_children', misc.order_of_children);
// Starting and stopping many children of a static supervisor takes time in proportion to their number.
// Adapted: 20,000 instead of 100,000; CPU time instead of wall time.
test('scale_start_stop_many_children', misc.scale_start_stop_many_children);
// A report carries supervisor, context, reason and offender; its text obeys a depth.
// Adapted: a report is structured data, and its text our own.
test('format_log_1', reports.format_log_1);
// The text obeys depth, size and single-line options.
// Adapted: as above.
test('format_log_2', reports.format_log_2);
