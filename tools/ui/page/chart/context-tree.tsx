import { useState } from 'preact/hooks';
import type { MachineChange } from '../../wire/chart.js';
import { unitField, unitText } from '../units.js';

type Path = readonly (string | number)[];
interface Marks {
  /** Places that changed, and those above them, by their paths as JSON. */
  readonly changed: ReadonlyMap<string, MachineChange>;
  readonly above: ReadonlySet<string>;
}

const MOST_SHOWN = 200;

/** Plain data as a tree that opens and closes. What `changes` names is marked, with what it was before. */
export function ContextTree({ value, changes }: { readonly value: unknown; readonly changes: readonly MachineChange[] }) {
  const marks = marksOf(changes);
  return <ul class="context-tree"><Node name="" value={value} path={[]} marks={marks} depth={0} unit="" /></ul>;
}

function marksOf(changes: readonly MachineChange[]): Marks {
  const changed = new Map<string, MachineChange>();
  const above = new Set<string>();
  for (const change of changes) {
    changed.set(JSON.stringify(change.path), change);
    for (let at = 0; at < change.path.length; at++) above.add(JSON.stringify(change.path.slice(0, at)));
  }
  return { changed, above };
}

function Node({ name, value, path, marks, depth, unit }: { readonly name: string; readonly value: unknown; readonly path: Path; readonly marks: Marks; readonly depth: number; readonly unit: string }) {
  const measured = unitField(name, unit);
  const key = JSON.stringify(path);
  const change = marks.changed.get(key);
  const hides = marks.above.has(key);
  const entries = entriesOf(value);
  const [isOpen, setOpen] = useState<boolean | null>(null);
  const open = isOpen ?? (depth < 1 || hides);
  const mark = change === undefined ? '' : ' is-changed';
  if (entries === null) {
    return (
      <li class={`context-leaf${mark}`}>
        {name === '' ? null : <span class="context-key">{name}</span>}
        <span class="context-value" title={unitText(measured, value) === undefined ? undefined : String(value)}>{leafText(value, measured)}</span>
        {change === undefined || !('before' in change) ? null : <span class="context-before">{`was ${leafText(change.before, measured)}`}</span>}
      </li>
    );
  }
  return (
    <li class={`context-node${mark}${hides && !open ? ' hides-change' : ''}`}>
      {depth === 0 ? null : (
        <button type="button" class="quiet context-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
          <span aria-hidden="true">{open ? '▾' : '▸'}</span> <span class="context-key">{name}</span> <span class="muted">{sizeText(value, entries.length)}</span>
        </button>
      )}
      {open ? (
        <ul>
          {entries.slice(0, MOST_SHOWN).map(([field, inner, place]) => <Node key={field} name={field} value={inner} path={[...path, place]} marks={marks} depth={depth + 1} unit={measured} />)}
          {entries.length > MOST_SHOWN ? <li class="muted">{`… and ${entries.length - MOST_SHOWN} more`}</li> : null}
        </ul>
      ) : null}
    </li>
  );
}

/** What stands in a value; null of one that nothing stands in. */
function entriesOf(value: unknown): readonly (readonly [string, unknown, string | number])[] | null {
  if (Array.isArray(value)) return value.length === 0 ? null : value.map((item: unknown, at) => [String(at), item, at]);
  if (typeof value !== 'object' || value === null) return null;
  const entries = Object.entries(value);
  const [first] = entries;
  if (first === undefined) return null;
  // What JSON cannot say is an object with one $-key.
  if (entries.length === 1 && first[0].startsWith('$')) return Array.isArray(first[1]) ? (first[1] as unknown[]).map((item, at) => [String(at), item, at]) : null;
  return entries.map(([key, item]) => [key, item, key]);
}

function sizeText(value: unknown, size: number): string {
  if (Array.isArray(value)) return `[${size}]`;
  const [first] = Object.keys(value as object);
  return first === '$map' || first === '$set' ? `${first.slice(1)} of ${size}` : `{${size}}`;
}

/** A value in a line, a number in the unit of its field. */
export function leafText(value: unknown, field = ''): string {
  const measured = unitText(field, value);
  if (measured !== undefined) return measured;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const [[key, inner] = ['', undefined]] = Object.entries(value);
    switch (key) {
      case '$undefined': return 'undefined';
      case '$number':
      case '$bigint':
      case '$date':
      case '$symbol': return String(inner);
      case '$truncated': return typeof inner === 'number' ? `… ${inner} more left out` : `… left out: too ${inner === 'depth' ? 'deep' : 'much'}`;
      case '$unreadable': return `cannot be read: ${String(inner)}`;
      case '$circular': return 'itself, further up';
      default:
    }
  }
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
