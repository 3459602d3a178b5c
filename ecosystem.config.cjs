// Runs the serving replay under pm2, until there is an engine to run: npx pm2 start ecosystem.config.cjs
// docs/operations.md says how to use it; tests/tools/process/pm2.test.ts holds every line to the real pm2.
//
//   FAULTLINE_TAPE     the tape to serve (required)
//   FAULTLINE_NAME     name of the process, for pm2 and for `faultline … --process` (default: replay)
//   FAULTLINE_ARGS     more options of `faultline replay`, e.g. "--speed 60 --journal var/journal" (split at blanks)
//   FAULTLINE_CWD      working directory (default: where pm2 is called), FAULTLINE_NODE  another Node
//   FAULTLINE_CONFIG, FAULTLINE_RUN_DIR, FAULTLINE_LOG_DIR   as everywhere; handed on
const { join } = require('node:path');

/** [process] shutdownDeadlineMs of the configuration, its default. Whoever raises that raises this. */
const SHUTDOWN_DEADLINE_MS = 15_000;

const env = process.env;
const name = env.FAULTLINE_NAME || 'replay';
if (!env.FAULTLINE_TAPE) throw new Error('FAULTLINE_TAPE must name the tape to serve');

const handedOn = {};
for (const variable of ['FAULTLINE_CONFIG', 'FAULTLINE_RUN_DIR', 'FAULTLINE_LOG_DIR', 'XDG_RUNTIME_DIR']) if (env[variable]) handedOn[variable] = env[variable];

module.exports = {
  apps: [
    {
      name,
      cwd: env.FAULTLINE_CWD || process.cwd(),
      script: join(__dirname, 'bin/faultline.js'),
      args: ['replay', env.FAULTLINE_TAPE, '--serve', '--name', name, ...(env.FAULTLINE_ARGS || '').split(/\s+/).filter(Boolean)],
      // The host's own Node, not whichever node pm2 finds first.
      interpreter: env.FAULTLINE_NODE || process.execPath,
      // A cluster would run two engines at once while it reloads: one process, stopped before the next is started.
      exec_mode: 'fork',
      instances: 1,
      // Online when the root has started (process.send('ready')), not when Node has. After listen_timeout pm2 calls it
      // online all the same, so this is generous.
      wait_ready: true,
      listen_timeout: 30_000,
      // pm2 sends SIGINT, then SIGKILL after this. Its default of 1600 ms would cut every coordinated shutdown off.
      kill_timeout: SHUTDOWN_DEADLINE_MS + 10_000,
      // Children must not get a SIGINT of their own: who stops when is the supervisor's.
      treekill: false,
      // The probe that pm2 injects ends the process when pm2's daemon dies.
      pmx: false,
      max_memory_restart: '1500M',
      // 10 (root gave up) and 12 (shutdown cut off) come back, later and later; younger than min_uptime too often, and pm2 gives up.
      exp_backoff_restart_delay: 200,
      min_uptime: 10_000,
      max_restarts: 10,
      // 11 (journal) and 78 (configuration) wait for a person. 0 must not stand here: pm2 takes a SIGKILL for 0. So what is
      // to stay down under pm2 is stopped with `pm2 stop`.
      stop_exit_codes: [11, 78],
      // What it prints; its own log is elsewhere (faultline logs).
      merge_logs: true,
      time: false,
      env: handedOn,
    },
  ],
};
