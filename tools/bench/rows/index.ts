import { CliError } from '../../cli/errors.js';
import type { BenchRow } from '../row.js';

/** Where each row is, in the order of the report. Rows load on demand: a row's process should not carry the modules of the others. */
const LOADERS: Readonly<Record<string, () => Promise<BenchRow>>> = {
  'book/sorted-btree': async () => (await import('./book.js')).book,
  'kernel/c': async () => (await import('./kernel.js')).kernel,
  'replay/c': async () => (await import('./kernel.js')).replay,
  'replay/xstate-per-event': async () => (await import('./replay.js')).xstatePerEvent,
  'replay/idiomatic': async () => (await import('./replay.js')).idiomatic,
  'actor-reducer/nact': async () => (await import('./actors.js')).reducerActor,
  'actor-xstate/xstate-send': async () => (await import('./actors.js')).xstateActor,
  'actor-flat/xstate-send': async () => (await import('./actors.js')).flatActor,
  'tree-stop-1000/xstate': async () => (await import('./actors.js')).treeStop,
  'actor-one-way/erlang': async () => (await import('./erlang.js')).oneWay,
  'actor-ping-pong/erlang': async () => (await import('./erlang.js')).pingPong,
  'actor-ask/erlang': async () => (await import('./erlang.js')).ask,
  'actor-spawn-stop/erlang': async () => (await import('./erlang.js')).spawnStop,
  'actor-bytes/erlang': async () => (await import('./erlang.js')).bytes,
  'restart-p50/erlang': async () => (await import('./erlang.js')).restart,
  'alloc/tick-path': async () => (await import('./allocation.js')).tickPathAllocation,
  'heap/50m': async () => (await import('./allocation.js')).longRunHeap,
  'decode-aggtrade/json-parse': async () => (await import('./decode.js')).decodeAggTrade,
  'decode-depth/json-parse': async () => (await import('./decode.js')).decodeDepth,
  'tape-raw/read-sync': async () => (await import('./tape.js')).rawTape,
  'ring/ringbuf.js': async () => (await import('./ring.js')).ringbuf,
  'ring/postmessage': async () => (await import('./ring.js')).postMessage,
  'ring/c': async () => (await import('./ring.js')).ringC,
  'durable-append/lmdb': async () => (await import('./journal.js')).durableAppend(),
  'tape-packed/inflate': async () => (await import('./tape.js')).packedTape,
  'replay/lanes-2': async () => (await import('./lanes.js')).lanesTwo,
  'live/json-parse': async () => (await import('./live.js')).jsonParse,
  'live/loop-delay': async () => (await import('./live.js')).loopDelay,
  'live/isolation': async () => (await import('./live.js')).isolation,
  'live/ring-p99-10k': async () => (await import('./live.js')).ringP99At10k,
  'live/ring-p99-50k': async () => (await import('./live.js')).ringP99At50k,
  'live/decision-p50': async () => (await import('./live.js')).decisionP50,
  'live/decision-p99': async () => (await import('./live.js')).decisionP99,
  'live/edge-p50': async () => (await import('./live.js')).edgeP50,
  'live/edge-p99': async () => (await import('./live.js')).edgeP99,
  'live/decision-socket-p50': async () => (await import('./live.js')).decisionSocketP50,
  'live/isolation-socket': async () => (await import('./live.js')).isolationSocket,
  'frame-to-order-p99/inline': async () => (await import('./live.js')).frameToOrderInline,
  'frame-to-order-p99/ring': async () => (await import('./live.js')).frameToOrderRing,
  'frame-to-order-p99/socket': async () => (await import('./live.js')).frameToOrderSocket,
  'matching/nodejs-order-book': async () => (await import('./matching.js')).nodejsOrderBook(),
  'matching/hft-limit-order-book': async () => (await import('./matching.js')).hftLimitOrderBook(),
  'exchange/ws-orders-per-second': async () => (await import('./exchange.js')).wsOrdersPerSecond(),
  'exchange/depth-fan-out': async () => (await import('./exchange.js')).depthFanOut(),
  'order-roundtrip-rest-p99': async () => (await import('./exchange.js')).restRoundTrip(),
  'order-roundtrip-ws-p99': async () => (await import('./exchange.js')).wsRoundTrip(),
  'ui/chart-5m': async () => (await import('./chart.js')).chart5m(),
  'ui/seek-p99': async () => (await import('./time.js')).seekP99(),
  'socket/turn-p99': async () => (await import('./control.js')).turnP99,
  'ui/fps-1000': async () => (await import('./ui-tree.js')).frames1000(),
  'ui/turn-p99': async () => (await import('./ui-tree.js')).turnP99(),
};

/** Ids of all rows. */
export const rowIds: readonly string[] = Object.keys(LOADERS);

/** @throws CliError `usage` for an id that is not there. */
export async function loadRow(id: string): Promise<BenchRow> {
  const load = Object.hasOwn(LOADERS, id) ? LOADERS[id] : undefined;
  if (load === undefined) throw new CliError('usage', `there is no benchmark '${id}'`, `the ids are: ${rowIds.join(', ')}`);
  const row = await load();
  if (row.id !== id) throw new Error(`the row registered as ${id} calls itself ${row.id}`);
  return row;
}
