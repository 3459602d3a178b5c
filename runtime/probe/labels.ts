/** How guards, actions and delays are named where a machine is shown. Total: whatever stands in a definition has some text, and a bounded one. */

const LONGEST = 200;
const DEEPEST = 4;
const MOST_PARAMS = 4;

type Fields = Readonly<Record<string, unknown>>;

/** At most `longest` characters. */
export function clip(text: string, longest = LONGEST): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** A guard by its name with its parameters; combined ones as an expression of names. */
export function guardLabel(guard: unknown, depth = 0): string {
  if (depth > DEEPEST) return '…';
  if (typeof guard === 'string') return clip(guard);
  if (typeof guard === 'function') {
    const { name } = guard;
    const { guards, stateValue } = guard as unknown as { readonly guards?: readonly unknown[]; readonly stateValue?: unknown };
    if (Array.isArray(guards)) {
      const parts = guards.map((one) => guardLabel(one, depth + 1));
      if (name === 'not') return clip(`not ${parts[0] ?? '?'}`);
      return clip(depth === 0 ? parts.join(` ${name} `) : `(${parts.join(` ${name} `)})`);
    }
    if (stateValue !== undefined) return clip(`in ${json(stateValue)}`);
    return name === '' || name === 'guard' ? '(inline)' : clip(name);
  }
  return named(guard);
}

/** An action by its name with its parameters; XState's own ones say what they do. */
export function actionLabel(action: unknown): string {
  if (typeof action === 'string') return clip(action);
  if (typeof action !== 'function') return named(action);
  const { type, event, sendId, src, id } = action as unknown as { readonly type?: unknown; readonly event?: unknown; readonly sendId?: unknown; readonly src?: unknown; readonly id?: unknown };
  switch (type) {
    case 'xstate.raise': return clip(`raise ${eventLabel(event)}`);
    case 'xstate.emit': return clip(`emit ${eventLabel(event)}`);
    case 'xstate.sendTo': return 'sendTo';
    case 'xstate.cancel': return clip(`cancel ${typeof sendId === 'string' ? sendId : ''}`.trim());
    case 'xstate.spawnChild': return clip(`spawn ${text(src)} ${text(id)}`.trim());
    case 'xstate.stopChild': return 'stopChild';
    case 'xstate.assign': return 'assign';
    case 'xstate.log': return 'log';
    case 'xstate.enqueueActions': return 'enqueueActions';
    default: return action.name === '' ? '(inline)' : clip(action.name);
  }
}

/** XState's own entry and exit actions that arm and cancel an `after`; the transition says it already. */
export function isAfterTimer(action: unknown): boolean {
  if (typeof action !== 'function') return false;
  const { type, event, sendId } = action as unknown as { readonly type?: unknown; readonly event?: { readonly type?: unknown }; readonly sendId?: unknown };
  const of = type === 'xstate.raise' ? event?.type : type === 'xstate.cancel' ? sendId : undefined;
  return typeof of === 'string' && of.startsWith('xstate.after.');
}

function named(value: unknown): string {
  if (typeof value !== 'object' || value === null) return clip(String(value));
  const { type, params } = value as { readonly type?: unknown; readonly params?: unknown };
  const name = text(type) || '?';
  if (params === undefined) return clip(name);
  if (typeof params !== 'object' || params === null) return clip(`${name}(${typeof params === 'function' ? '…' : json(params)})`);
  const values = Object.values(params as Fields).slice(0, MOST_PARAMS).map((one) => (typeof one === 'string' ? one : json(one)));
  return clip(`${name}(${values.join(', ')})`);
}

function eventLabel(event: unknown): string {
  return typeof event === 'object' && event !== null ? text((event as { readonly type?: unknown }).type) : '…';
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function json(value: unknown): string {
  try {
    return clip(JSON.stringify(value) ?? '…', 60);
  } catch {
    return '…';
  }
}
