import { unitField, unitText } from '../units.js';

/** Plain data of whatever form as a tree of folds. What JSON cannot say has one `$` key. */

const OPEN_LEVELS = 2;
const MOST_SHOWN = 200;

/** @param unit field whose unit the numbers in it are in, where their own names say none */
export function ValueTree({ value, name = '', depth = 0, unit = '' }: { readonly value: unknown; readonly name?: string; readonly depth?: number; readonly unit?: string }) {
  const field = unitField(name, unit);
  if (typeof value !== 'object' || value === null) {
    const said = unitText(field, value);
    return <div class="value-line"><Key name={name} /><span class="value" title={said === undefined ? undefined : String(value)}>{said ?? textOf(value)}</span></div>;
  }
  const special = specialText(value as Readonly<Record<string, unknown>>);
  if (special !== undefined) return <div class="value-line"><Key name={name} /><span class="value">{special}</span></div>;
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0) return <div class="value-line"><Key name={name} /><span class="value muted">{size}</span></div>;
  return (
    <details open={depth < OPEN_LEVELS} class="value-fold">
      <summary><Key name={name} /><span class="muted">{size}</span></summary>
      {entries.slice(0, MOST_SHOWN).map(([key, item]) => <ValueTree key={key} name={key} value={item} depth={depth + 1} unit={field} />)}
      {entries.length > MOST_SHOWN ? <div class="muted">{`… ${entries.length - MOST_SHOWN} more`}</div> : null}
    </details>
  );
}

function Key({ name }: { readonly name: string }) {
  return name === '' ? null : <span class="value-key">{`${name}: `}</span>;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** `{"$bigint":"1"}` is 1n, and so on. */
function specialText(value: Readonly<Record<string, unknown>>): string | undefined {
  const keys = Object.keys(value);
  if (keys.length !== 1 || !keys[0]!.startsWith('$')) return undefined;
  const inner = value[keys[0]!];
  switch (keys[0]) {
    case '$bigint': return `${String(inner)}n`;
    case '$number': return String(inner);
    case '$undefined': return 'undefined';
    case '$date': return String(inner);
    case '$ref': return `→ ${String(inner)}`;
    case '$function': return `function ${String(inner)}`;
    case '$symbol': return `symbol ${String(inner)}`;
    case '$circular': return '(itself)';
    case '$truncated': return typeof inner === 'number' ? `… ${inner} more` : `… (${String(inner)})`;
    case '$bytes': return `${String(inner)} bytes`;
    case '$unreadable': return `(cannot be read: ${String(inner)})`;
    default: return undefined;
  }
}
