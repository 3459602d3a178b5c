import type { ExitReason, FailureCause } from '../types.js';

const DEEPEST_CAUSE = 8;
const LONGEST_MESSAGE = 2_000;
const LONGEST_STACK = 4_000;

export interface FailurePlace {
  readonly path?: string;
  readonly incarnation?: number;
  readonly during?: { readonly type: string; readonly turn: number };
}

/** Turns anything thrown into plain data; a value that is no Error is wrapped. Never throws. */
export function toFailureCause(thrown: unknown, place: FailurePlace = {}, depth = 0): FailureCause {
  let name = 'NonErrorThrown';
  let message = '';
  let stack: string | undefined;
  let inner: unknown;
  try {
    if (thrown instanceof Error) {
      name = String(thrown.name);
      message = String(thrown.message);
      stack = typeof thrown.stack === 'string' ? thrown.stack.slice(0, LONGEST_STACK) : undefined;
      inner = thrown.cause;
    } else if (isFailureCause(thrown)) {
      return { ...place, ...thrown };
    } else {
      message = describe(thrown);
    }
  } catch {
    message = 'a value that cannot be described';
  }
  return {
    name,
    message: message.slice(0, LONGEST_MESSAGE),
    ...(stack === undefined ? {} : { stack }),
    ...place,
    ...(inner === undefined || inner === null || depth >= DEEPEST_CAUSE ? {} : { cause: toFailureCause(inner, {}, depth + 1) }),
  };
}

/** Only an error exit and a kill are abnormal. */
export function isAbnormal(reason: ExitReason): boolean {
  return reason.kind === 'error' || reason.kind === 'killed';
}

/** The cause behind an exit, whatever its kind, for a chain or a dead letter. */
export function causeOf(reason: ExitReason, path: string): FailureCause {
  return reason.kind === 'error' ? reason.cause : { name: 'Exit', message: reason.kind, path };
}

/** The `type` of a message if it has one: for reports only. */
export function messageType(message: unknown): string {
  if (typeof message === 'string') return message.slice(0, 80);
  try {
    if (typeof message === 'object' && message !== null && 'type' in message) return String(message.type).slice(0, 80);
  } catch {
    return 'unreadable';
  }
  return typeof message;
}

function isFailureCause(value: unknown): value is FailureCause {
  return typeof value === 'object' && value !== null && 'name' in value && 'message' in value
    && typeof value.name === 'string' && typeof value.message === 'string';
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null) {
    const text = JSON.stringify(value);
    return text === undefined ? Object.prototype.toString.call(value) : text;
  }
  return String(value);
}
