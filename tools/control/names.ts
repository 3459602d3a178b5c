/** The commands of tools/control/commands.ts; a test holds the two equal. */
export const CONTROL_COMMANDS: readonly string[] = [
  'processes', 'ps', 'inspect', 'machine', 'trace', 'deadletters', 'timers', 'metrics', 'logs', 'suspend', 'resume', 'terminate', 'restart', 'start-child', 'reconfigure',
  'upgrade', 'log-level', 'shutdown', '__complete',
];
