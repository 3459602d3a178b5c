import type { MethodResult } from '../../runtime/control/index.js';

type Kind = 'counter' | 'gauge' | 'summary';

/** Counters of the runtime that only grow; the rest are gauges. */
const GROWING: ReadonlySet<string> = new Set(['sent', 'handled', 'deadLettered', 'conflated', 'faults', 'restarts', 'traceEvents']);

/** The metrics of a process in Prometheus's text format, version 0.0.4. Times are in seconds. */
export function prometheusText(process: string, { runtime, turns, eventLoopDelay, memory, socket, extra }: MethodResult<'metrics'>): string {
  const lines: string[] = [];
  const labels = (more: Readonly<Record<string, string>> = {}): string =>
    `{${Object.entries({ process, ...more }).map(([key, value]) => `${key}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`).join(',')}}`;
  const family = (name: string, kind: Kind, help: string, samples: readonly (readonly [suffix: string, labels: string, value: number])[]): void => {
    if (samples.length === 0) return;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples.map(([suffix, tags, value]) => `${name}${suffix}${tags} ${value}`));
  };
  const numbers = (of: object): [string, number][] => Object.entries(of).filter((entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]));

  family('faultline_up', 'gauge', 'Whether a tree runs in the process.', [['', labels(), runtime === null ? 0 : 1]]);
  for (const [key, value] of runtime === null ? [] : numbers(runtime)) {
    const counts = GROWING.has(key);
    family(`faultline_runtime_${snake(key)}${counts ? '_total' : ''}`, counts ? 'counter' : 'gauge', `Counter ${key} of the runtime.`, [['', labels(), value]]);
  }
  const letters = (runtime as { readonly deadLetters?: object } | null)?.deadLetters;
  if (letters !== undefined) family('faultline_dead_letters_total', 'counter', 'Dead letters by reason.', numbers(letters).map(([reason, value]) => ['', labels({ reason }), value]));
  for (const [name, help, times] of [
    ['faultline_turn_seconds', 'Length of the bursts of turns.', turns],
    ['faultline_event_loop_delay_seconds', 'Delay of the event loop.', eventLoopDelay],
  ] as const) {
    if (times === null) continue;
    const { count, meanUs, p50Us, p90Us, p99Us, p999Us } = times;
    const quantiles = [['0.5', p50Us], ['0.9', p90Us], ['0.99', p99Us], ['0.999', p999Us]] as const;
    family(name, 'summary', help, [...quantiles.map(([quantile, us]) => ['', labels({ quantile }), us / 1e6] as const), ['_sum', labels(), (meanUs * count) / 1e6], ['_count', labels(), count]]);
  }
  for (const [key, value] of numbers(memory)) family(`faultline_memory_${snake(key)}`, 'gauge', `Memory of the process, ${key}.`, [['', labels(), value]]);
  for (const [key, value] of numbers(socket)) family(`faultline_control_${snake(key)}`, 'gauge', `${key} of the control socket.`, [['', labels(), value]]);
  if (typeof extra === 'object' && extra !== null) for (const [key, value] of numbers(extra)) family(`faultline_${snake(key)}`, 'gauge', `${key}, as the process says.`, [['', labels(), value]]);
  return `${lines.join('\n')}\n`;
}

function snake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll(/[^a-z0-9_]/g, '_');
}
