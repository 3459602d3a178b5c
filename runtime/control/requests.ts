import type { z } from 'zod';
import { rpcError, type RpcErrorBody } from './errors.js';
import { deeperThan } from './frames.js';
import type { ControlLimits } from './limits.js';
import { isMethodName, type MethodName, METHODS } from './methods.js';

export type RequestId = string | number | null;

/** A request whose params fit its method's schema. Without `id` it is a notification: nobody wants an answer. */
export interface ValidCall {
  readonly id: RequestId | undefined;
  readonly method: MethodName;
  readonly params: unknown;
}

export interface BadCall {
  readonly id: RequestId | undefined;
  readonly error: RpcErrorBody;
}

/** What a line says. A batch is answered with one array, a single request with one object. */
export interface Parsed {
  readonly batch: boolean;
  readonly calls: readonly (ValidCall | BadCall)[];
  /** The line was no request at all: garbage, too deep. Counts against the connection. */
  readonly violation: boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parses one line by JSON-RPC 2.0. Total: every line has an answer. */
export function parseLine(bytes: Buffer, limits: ControlLimits): Parsed {
  if (deeperThan(bytes, limits.jsonDepth)) return broken(rpcError('limit', `the JSON nests deeper than ${limits.jsonDepth}`, { limit: 'jsonDepth' }));
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    return broken(rpcError('parse', 'the line is not JSON in UTF-8'));
  }
  if (!Array.isArray(value)) {
    const call = parseRequest(value);
    return { batch: false, calls: [call], violation: !isObject(value) };
  }
  if (value.length === 0) return broken(rpcError('invalidRequest', 'a batch has at least one request'));
  if (value.length > limits.batchRequests) {
    return broken(rpcError('limit', `a batch has at most ${limits.batchRequests} requests, this one has ${value.length}`, { limit: 'batchRequests' }));
  }
  return { batch: true, calls: value.map(parseRequest), violation: false };
}

function broken(error: RpcErrorBody): Parsed {
  return { batch: false, calls: [{ id: null, error }], violation: true };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseRequest(value: unknown): ValidCall | BadCall {
  if (!isObject(value)) return { id: null, error: rpcError('invalidRequest', 'a request is an object') };
  const idProblem = problemOfId(value);
  if (idProblem !== undefined) return { id: null, error: rpcError('invalidRequest', idProblem) };
  const id = value['id'] as RequestId | undefined;
  if (value['jsonrpc'] !== '2.0') return { id: id ?? null, error: rpcError('invalidRequest', '`jsonrpc` must be "2.0"') };
  const method = value['method'];
  if (typeof method !== 'string') return { id: id ?? null, error: rpcError('invalidRequest', '`method` must be a text') };
  const given = value['params'];
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    return { id: id ?? null, error: rpcError('invalidRequest', '`params` must be an object') };
  }
  if (!isMethodName(method)) return { id, error: rpcError('methodNotFound', `there is no method '${method.slice(0, 100)}'; rpc.discover lists them`) };
  if (Array.isArray(given) && given.length > 0) return { id, error: rpcError('invalidParams', 'params go by name, in an object') };
  const params = METHODS[method].params.safeParse(given === undefined || Array.isArray(given) ? {} : given);
  if (!params.success) {
    const problems = params.error.issues.slice(0, 10).map(problemOf);
    return { id, error: rpcError('invalidParams', `params of ${method}: ${problems[0] ?? 'wrong'}`, { problems }) };
  }
  return { id, method, params: params.data };
}

function problemOf(issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String).join('.');
  return (at === '' ? issue.message : `${at}: ${issue.message}`).slice(0, 300);
}

/** A number that a double cannot say exactly would come back as another one. */
function problemOfId(request: Readonly<Record<string, unknown>>): string | undefined {
  const id = request['id'];
  if (id === undefined || id === null) return undefined;
  if (typeof id === 'string') return id.length <= 1024 ? undefined : '`id` is longer than 1024 characters';
  if (typeof id !== 'number') return '`id` must be a text, a number or null';
  if (!Number.isFinite(id) || (Number.isInteger(id) && !Number.isSafeInteger(id))) return '`id` is a number that JSON readers do not keep exactly; use a text';
  return undefined;
}

/** One answer as text. `result` is JSON already. */
export function successText(id: RequestId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
}

export function errorText(id: RequestId, error: RpcErrorBody): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}

export function notificationText(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}
