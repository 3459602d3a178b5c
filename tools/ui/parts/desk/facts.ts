/** The parts of an engine's desk, read. */
import type { z } from 'zod';
import { ACCOUNT_PATH, BREAKERS_PATH, GATEWAY_PATH, GUARD_PATH, LEDGER_PATH, LIMITS_PATH, OPERATOR_PATH, ORDERS_PATH, RISK_PATH, TRUTH_PATH, USER_STREAM_PATH } from '../../../../actors/engine/paths.js';
import { HEALTH_PATH } from '../../../../actors/feeds/messages.js';
import type { DeskInstrument } from './decimals.js';
import { accountView, breakerView, gatewayView, guardView, healthView, ledgerView, limitsView, operatorView, ordersView, riskView, truthView, userStreamView } from './views.js';

/** Where the parts come from: an engine, a replay, or a record. */
export interface DeskInput {
  readonly atUs: number;
  readonly views: Readonly<Record<string, unknown>>;
  readonly down: Readonly<Record<string, string>>;
  readonly markTicks: Readonly<Record<string, number>>;
}
export interface DeskAbout {
  readonly mode: string;
  readonly account: string;
  readonly run: string;
  readonly instruments: readonly DeskInstrument[];
}

export interface DeskFacts {
  readonly atUs: number;
  readonly about: DeskAbout;
  readonly operator: z.infer<typeof operatorView> | undefined;
  readonly account: z.infer<typeof accountView> | undefined;
  readonly truth: z.infer<typeof truthView> | undefined;
  readonly orders: z.infer<typeof ordersView> | undefined;
  readonly guard: z.infer<typeof guardView> | undefined;
  readonly ledger: z.infer<typeof ledgerView> | undefined;
  readonly risk: z.infer<typeof riskView> | undefined;
  readonly limits: z.infer<typeof limitsView> | undefined;
  readonly gateway: z.infer<typeof gatewayView> | undefined;
  readonly health: z.infer<typeof healthView> | undefined;
  readonly breakers: readonly z.infer<typeof breakerView>['context'][];
  readonly userStreams: readonly z.infer<typeof userStreamView>[];
  /** By index. */
  readonly instruments: ReadonlyMap<number, DeskInstrument>;
  readonly markOf: (symbol: number) => number | undefined;
  /** Actors that do not run, and views that could not be read, in sentences. */
  readonly missing: readonly string[];
}

export function factsOf(input: DeskInput, about: DeskAbout): DeskFacts {
  const missing: string[] = [];
  const { views, down } = input;
  const read = <S extends z.ZodType>(path: string, schema: S): z.infer<S> | undefined => {
    const view = Object.hasOwn(views, path) ? views[path] : undefined;
    if (view === undefined) {
      const state = Object.hasOwn(down, path) ? down[path] : undefined;
      if (state !== undefined) missing.push(`${path} is ${state}`);
      return undefined;
    }
    const parsed = schema.safeParse(view);
    if (!parsed.success) missing.push(`what ${path} says of itself cannot be read: the process is of another version`);
    return parsed.data;
  };
  const under = <S extends z.ZodType>(folder: string, schema: S): z.infer<S>[] =>
    [...new Set([...Object.keys(views), ...Object.keys(down)])].filter((path) => path.startsWith(`${folder}/`)).sort().flatMap((path) => read(path, schema) ?? []);
  const marks = new Map(Object.entries(input.markTicks).map(([symbol, ticks]) => [Number(symbol), ticks]));
  return {
    atUs: input.atUs, about,
    operator: read(OPERATOR_PATH, operatorView), account: read(ACCOUNT_PATH, accountView), truth: read(TRUTH_PATH, truthView), orders: read(ORDERS_PATH, ordersView), guard: read(GUARD_PATH, guardView),
    ledger: read(LEDGER_PATH, ledgerView), risk: read(RISK_PATH, riskView), limits: read(LIMITS_PATH, limitsView), gateway: read(GATEWAY_PATH, gatewayView), health: read(HEALTH_PATH, healthView),
    breakers: under(BREAKERS_PATH, breakerView).map(({ context }) => context), userStreams: under(USER_STREAM_PATH, userStreamView),
    instruments: new Map(about.instruments.map((each) => [each.index, each])), markOf: (symbol) => marks.get(symbol), missing,
  };
}

export const nameOf = ({ instruments }: DeskFacts, symbol: number | null): string => (symbol === null ? '' : instruments.get(symbol)?.symbol ?? `#${symbol}`);

/** At most `most` of the rows; those that could not be read count as left out. */
export function listed<T>(rows: readonly T[], omitted = 0, most = 500): { readonly rows: readonly T[]; readonly omitted: number } {
  return { rows: rows.slice(0, most), omitted: omitted + Math.max(0, rows.length - most) };
}
