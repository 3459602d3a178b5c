export { type CallOptions, type ConnectOptions, ControlClient, type ReportSubscription, type Subscription, type TraceSubscription } from './client.js';
export { discover } from './discover.js';
export { ControlError, type ControlErrorCode, RPC_ERRORS, type RpcErrorBody, type RpcErrorName } from './errors.js';
export { CONTROL_LIMITS, type ControlLimits } from './limits.js';
export {
  LOG_LEVELS, type MethodInput, type MethodKind, type MethodName, type MethodParams, type MethodResult, METHODS, NOTIFICATIONS, PROTOCOL_VERSION, TRACE_KINDS,
  type ReportBatch, type TraceBatch, type WireTraceEvent, type WireTreeNode,
} from './methods.js';
export { upgradeProblemText } from './refusal-text.js';
export { ControlServer, type ControlServerOptions } from './server.js';
export { SOCKET_PATH_BYTES } from './socket-file.js';
export type { AuditEntry, ChildTemplate, ControlTarget, LogLevel, OwnVerb, ShutdownRequest } from './target.js';
export { type TimesUs, TurnMeter } from './turn-meter.js';
export { changesTree, repeatChange } from './verbs.js';
