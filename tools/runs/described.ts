import { basename } from 'node:path';
import type { RunManifest } from '../../data/runs/index.js';
import type { Decided } from './decided.js';

/** Keys of the configuration that are told at most. */
const MOST_KEYS = 20;

/** What two runs differ in before they decide anything. */
export interface RunsDifferIn {
  /** Versions of Faultline and Node. */
  readonly code: readonly [a: string, b: string] | null;
  /** Keys of the configuration by their way to it, and both values; 20 at most. */
  readonly config: readonly { readonly key: string; readonly a: unknown; readonly b: unknown }[];
  /** What they heard: tapes, or the live run that made its own; and how a replay was asked for. */
  readonly tape: readonly [a: string, b: string] | null;
}

/** Null where one of them does not say what it is. */
export function differIn({ run: a }: Decided, { run: b }: Decided): RunsDifferIn | null {
  if (a === null || b === null) return null;
  const pair = (of: (manifest: RunManifest) => string): readonly [string, string] | null => {
    const [left, right] = [of(a.manifest), of(b.manifest)];
    return left === right ? null : [left, right];
  };
  return { code: pair(codeOf), config: differingKeys(a.manifest.config, b.manifest.config, '').slice(0, MOST_KEYS), tape: pair(heardOf) };
}

/** A folder in a line. */
export function describe({ folder, run, lines }: Decided): string {
  const decided = `${lines.length} decisions`;
  if (run === null) return `${folder}, ${decided}`;
  const { id, kind, mode, configDigest, endedAt } = run.manifest;
  return `${id}, ${[kind, mode].filter((word) => word !== '').join(' ')}, ${codeOf(run.manifest)}, configuration ${configDigest.slice(0, 12)}, ${decided}${endedAt === null ? ', not ended' : ''}`;
}

const codeOf = ({ code: { version, node } }: RunManifest): string => `Faultline ${version} on Node ${node}`;

function heardOf({ id, kind, tapes, replay }: RunManifest): string {
  if (kind === 'engine') return `what run ${id} heard`;
  const { from = null, to = null, faults = [], lanes = null } = replay ?? {};
  const asked = [
    ...(from === null ? [] : [`from ${from}`]), ...(to === null ? [] : [`to ${to}`]), ...faults.map((fault) => `fault ${fault}`), ...(lanes === null ? [] : [`${lanes} lanes`]),
  ];
  return [...tapes.map(({ file, records }) => `${basename(file)} (${records} records)`), ...asked].join(', ');
}

export function differingKeys(a: unknown, b: unknown, way: string): RunsDifferIn['config'][number][] {
  if (isTable(a) && isTable(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => differingKeys(a[key], b[key], way === '' ? key : `${way}.${key}`));
  }
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ key: way, a: a ?? null, b: b ?? null }];
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
