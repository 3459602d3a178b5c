// The long-lived processes under pm2: npx pm2 start ecosystem.config.cjs
// docs/operations.md says how to use it; tests/tools/process/pm2.test.ts holds every line to the real pm2.
//
//   nothing set            the engine (`faultline engine run`)
//   FAULTLINE_EXCHANGE=1   an exchange in a box beside it, for development: FAULTLINE_VENUE_JSON names the file where its line is kept
//   FAULTLINE_TAPE         a served replay of this tape, instead of both
//
//   FAULTLINE_NAME     name of the process, for pm2 and for `faultline … --process` (default: engine, or replay)
//   FAULTLINE_ARGS     more options of `faultline engine run` or `faultline replay`, e.g. "--mode demo" (split at blanks)
//   FAULTLINE_CWD      working directory (default: where pm2 is called), FAULTLINE_NODE  another Node
//   FAULTLINE_CONFIG, FAULTLINE_RUN_DIR, FAULTLINE_LOG_DIR, FAULTLINE_VAR_DIR and keys of the venue   as everywhere; handed on
const { join } = require('node:path');

/** [process] shutdownDeadlineMs of the configuration, its default. Whoever raises that raises this. */
const SHUTDOWN_DEADLINE_MS = 15_000;

const env = process.env;
const more = (env.FAULTLINE_ARGS || '').split(/\s+/).filter(Boolean);

const HANDED_ON = ['FAULTLINE_CONFIG', 'FAULTLINE_RUN_DIR', 'FAULTLINE_LOG_DIR', 'FAULTLINE_VAR_DIR', 'XDG_RUNTIME_DIR'];
const KEYS = ['FAULTLINE_POSTGRES', ...['DEMO', 'LIVE'].flatMap((mode) => ['KEY', 'SECRET', 'PRIVATE_KEY_FILE'].map((part) => `FAULTLINE_BINANCE_${mode}_${part}`))];
const handedOn = (variables) => Object.fromEntries(variables.filter((variable) => env[variable]).map((variable) => [variable, env[variable]]));

const app = (name, args, own = {}) => ({
  name,
  cwd: env.FAULTLINE_CWD || process.cwd(),
  script: join(__dirname, 'bin/faultline.js'),
  args,
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
  env: handedOn(HANDED_ON),
  ...own,
});

function replay() {
  const name = env.FAULTLINE_NAME || 'replay';
  return [app(name, ['replay', env.FAULTLINE_TAPE, '--serve', '--name', name, ...more])];
}

function engine() {
  const name = env.FAULTLINE_NAME || 'engine';
  const line = env.FAULTLINE_VENUE_JSON;
  const args = ['engine', 'run', '--name', name, ...(line ? ['--venue-json', line] : []), ...more];
  // An exchange that comes back has a new line: until it is there the engine cannot begin, and is started again.
  const one = app(name, args, { env: handedOn([...HANDED_ON, ...KEYS]) });
  if (env.FAULTLINE_EXCHANGE !== '1') return [one];
  if (!line) throw new Error('FAULTLINE_VENUE_JSON must name the file where the line of the exchange is kept');
  return [app('exchange', ['exchange', '--json', '--name', 'exchange'], { out_file: line }), one];
}

module.exports = { apps: env.FAULTLINE_TAPE ? replay() : engine() };
