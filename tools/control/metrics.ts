import type { MethodResult } from '../../runtime/control/index.js';
import { printJson, printLine, table } from '../cli/output.js';
import { type ProcessOptions, withProcess } from './client.js';
import { prometheusText } from './prometheus.js';

/** `faultline metrics` */
export async function metrics(options: ProcessOptions & { readonly prometheus?: true }): Promise<void> {
  const { name, seen } = await withProcess(options, async ({ client, found }) => ({ name: found.name, seen: await client.call('metrics') }));
  if (options.prometheus === true) process.stdout.write(prometheusText(name, seen));
  else if (options.json === true) printJson(seen);
  else for (const line of lines(seen)) printLine(line);
}

function lines(seen: MethodResult<'metrics'>): string[] {
  const rows: [string, string][] = [];
  const add = (prefix: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) add(prefix === '' ? key : `${prefix}.${key}`, inner);
    else rows.push([prefix, typeof value === 'number' ? value.toLocaleString('en-US') : String(value)]);
  };
  const { atUs: _atUs, ...rest } = seen;
  add('', rest);
  return [table(['metric', 'value'], rows, { align: 'lr' })];
}
