import type { ProductRules } from '../actors/engine/venue-rules.js';
import { ACCOUNT_PATH, GATEWAY_PATH, GUARD_PATH, LEDGER_PATH, LIMITS_PATH, ORDERS_PATH, RISK_PATH, TRUTH_PATH, USER_STREAM_PATH } from '../actors/engine/paths.js';
import { KERNEL_PATH } from '../actors/journal/decision.js';
import { HEALTH_PATH } from '../actors/feeds/messages.js';
import { productsOf } from '../actors/gateway/decode/index.js';
import { ledgerBehaviour } from '../actors/ledger/ledger.js';
import { leftBehind } from '../actors/ledger/recover.js';
import { operatorBehaviour } from '../actors/operator/operator.js';
import { riskBehaviour } from '../actors/risk/risk.js';
import { truthBehaviour } from '../actors/truth/truth.js';
import { reconcileInstruments } from '../actors/truth/instruments.js';
import type { EngineParams } from '../config/engine/index.js';
import type { Instrument } from '../data/records/index.js';
import type { StoredRow } from '../data/store/row.js';
import { type ChildSpec, worker } from '../runtime/index.js';
import { LAST_GOOD } from './market-session.js';

export interface DeskOptions {
  readonly mode: 'paper' | 'demo' | 'live';
  readonly instruments: readonly Instrument[];
  readonly rules: readonly ProductRules[];
  readonly recovered: readonly StoredRow[];
  /** Seconds of the engine clock in one of the wall's; 1 unless told otherwise. */
  readonly speed?: number;
}

const snapshot = (recovered: readonly StoredRow[], key: string): unknown => recovered.find((each) => each.table === 'snapshots' && each.key === key)?.row;

/** What earlier runs left open of instruments that this one does not trade, in sentences. @throws RangeError for books that cannot be read. */
export function leftOpen({ instruments, recovered }: Pick<DeskOptions, 'instruments' | 'recovered'>): readonly string[] {
  const known = instruments.map((instrument) => ({ instrument }));
  return (['spot', 'usdm', 'options'] as const).flatMap((product) =>
    leftBehind(snapshot(recovered, `ledger ${product}`), product, known).map((name) => `a position of ours in ${name} of ${product}, which is not among the instruments of this run`));
}

/** `/trading/truth`, `/trading/ledger`, `/trading/risk`, in this order; demo and live only. */
export function truthDesk({ instruments, rules, recovered, speed = 1 }: DeskOptions, engine: EngineParams): readonly ChildSpec[] {
  const products = productsOf(instruments);
  const known = reconcileInstruments(instruments, rules);
  const ownPrefixes = [engine.orders.idPrefix];
  const settledMs = Object.fromEntries(products.flatMap((product) => {
    const row = snapshot(recovered, `truth ${product}`) as { readonly settledMs?: unknown } | undefined;
    return typeof row?.settledMs === 'number' ? [[product, row.settledMs]] : [];
  }));
  // How long an answer takes is a matter of the wall's clock.
  const params = { ...engine.truth, readingTimeoutMs: engine.truth.readingTimeoutMs * speed, staleAfterMs: engine.truth.staleAfterMs * speed };
  return [
    worker({
      id: 'truth', ...LAST_GOOD, behaviour: truthBehaviour(params), mailbox: { capacity: 8192 },
      input: {
        products, instruments: known, ownPrefixes, protect: true, protectWithinMs: engine.guard.protectWithinMs, settledMs, differencesTo: [ORDERS_PATH, GUARD_PATH, LEDGER_PATH], ordersPath: ORDERS_PATH, ledgerPath: LEDGER_PATH, gatewayPath: GATEWAY_PATH,
        userStreamPath: USER_STREAM_PATH,
      },
    }),
    worker({
      id: 'ledger', ...LAST_GOOD, behaviour: ledgerBehaviour(), mailbox: { capacity: 8192 },
      input: { products, instruments: known, ownPrefixes, goneTo: [ORDERS_PATH, GUARD_PATH, ACCOUNT_PATH], recovered: Object.fromEntries(products.map((product) => [product, snapshot(recovered, `ledger ${product}`) ?? null])) },
    }),
    worker({
      id: 'risk', ...LAST_GOOD, behaviour: riskBehaviour(engine.risk), mailbox: { capacity: 8192 },
      input: { instruments, limits: engine.limits, needsTruth: true, truthMaxAgeMs: params.staleAfterMs, paused: { on: false, reason: '' }, kernelPath: KERNEL_PATH },
    }),
  ];
}

/** The account's `risk`, and the kernel's `pricesTo`, where the risk gate stands. */
export const riskGate = (engine: EngineParams): { readonly path: string; readonly timeoutMs: number } => ({ path: RISK_PATH, timeoutMs: engine.risk.answerTimeoutMs });

/** `/operator`; last in the tree, for its pause must find who it pauses. */
export function operatorDesk({ mode, instruments, recovered, speed = 1 }: DeskOptions, engine: EngineParams): ChildSpec {
  return worker({
    id: 'operator', ...LAST_GOOD, behaviour: operatorBehaviour(),
    input: {
      mode, instruments, speed, products: mode === 'paper' ? [] : productsOf(instruments), ownPrefixes: [engine.orders.idPrefix], recovered: snapshot(recovered, 'operator') ?? null, whenRecordFails: engine.risk.whenRecordFails,
      paths: {
        account: ACCOUNT_PATH, feedsHealth: HEALTH_PATH,
        venue: mode === 'paper' ? null : { risk: RISK_PATH, truth: TRUTH_PATH, ledger: LEDGER_PATH, orders: ORDERS_PATH, gateway: GATEWAY_PATH, limits: LIMITS_PATH },
      },
    },
  });
}
