/** Error codes of the protocol: JSON-RPC 2.0's own, and ours from -32001 down. docs/control-protocol.md is made from this table. */
export const RPC_ERRORS = {
  parse: { code: -32700, meaning: 'The line is not JSON, or not UTF-8.' },
  invalidRequest: { code: -32600, meaning: 'The JSON is not a request of JSON-RPC 2.0.' },
  methodNotFound: { code: -32601, meaning: 'There is no such method.' },
  invalidParams: { code: -32602, meaning: 'The params do not fit the schema of the method; `data.problems` says where.' },
  internal: { code: -32603, meaning: 'A defect of the process; it is in its log.' },
  limit: { code: -32001, meaning: 'A limit of the socket is exceeded: line, depth, batch, subscriptions, answer. `data.limit` names it.' },
  busy: { code: -32002, meaning: 'Too many calls wait for the main loop. Nothing was carried out; ask again later.' },
  stalled: { code: -32003, meaning: 'The main loop did not take the call in time. `data.carriedOut` is false: it was withdrawn. `data.mainLoopStalledMs` says for how long it has not turned.' },
  notFound: { code: -32004, meaning: 'No such actor, child, template or subscription.' },
  refused: { code: -32005, meaning: 'The runtime refused; `data.reason` is its own answer (already_started, restarting, …).' },
  notSupported: { code: -32006, meaning: 'This process does not offer that verb.' },
  notRunning: { code: -32007, meaning: 'No tree runs in the process at the moment.' },
  forbidden: { code: -32008, meaning: 'Only a process started for debugging allows that.' },
  slowReader: { code: -32009, meaning: 'The answer was dropped, because too much waits to be read by this client or by all together. The call itself was carried out.' },
  version: { code: -32010, meaning: 'The process does not speak the asked version of the protocol; `data.protocol` is its own.' },
} as const;
export type RpcErrorName = keyof typeof RPC_ERRORS;

export const RPC_ERROR_NAMES: ReadonlyMap<number, RpcErrorName> = new Map(
  (Object.keys(RPC_ERRORS) as RpcErrorName[]).map((name) => [RPC_ERRORS[name].code, name]),
);

/** An error as it goes over the wire. */
export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export function rpcError(name: RpcErrorName, message: string, data?: Readonly<Record<string, unknown>>): RpcErrorBody {
  const { code } = RPC_ERRORS[name];
  return data === undefined ? { code, message } : { code, message, data };
}

/** Why a control socket cannot be served or used. */
export type ControlErrorCode =
  /** A living process serves this path. */
  | 'in_use'
  | 'path_too_long'
  /** The folder is not ours alone. */
  | 'insecure_folder'
  /** Something that is no socket lies at the path. */
  | 'not_a_socket'
  | 'cannot_listen'
  /** Nobody serves the path. */
  | 'not_running'
  | 'cannot_connect'
  /** The other side is not a control socket, or not of a version that we speak. */
  | 'protocol'
  | 'timeout'
  /** The connection ended before the answer. */
  | 'disconnected'
  /** The process answered with an error: see `rpc`. */
  | 'rpc';

/** The one error that this module rejects with. `message` is a sentence for a person, `fix` the way out where there is one. */
export class ControlError extends Error {
  readonly code: ControlErrorCode;
  readonly fix: string | undefined;
  /** The process's own error, with code 'rpc'. */
  readonly rpc: (RpcErrorBody & { readonly name: RpcErrorName | 'unknown' }) | undefined;

  constructor(code: ControlErrorCode, message: string, more: { readonly fix?: string; readonly rpc?: RpcErrorBody } = {}) {
    super(message);
    this.name = 'ControlError';
    this.code = code;
    this.fix = more.fix;
    this.rpc = more.rpc === undefined ? undefined : { ...more.rpc, name: RPC_ERROR_NAMES.get(more.rpc.code) ?? 'unknown' };
  }
}
