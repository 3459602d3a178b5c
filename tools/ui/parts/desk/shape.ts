/** An engine's parts as the desk that a person reads. Pure. */
import type { Desk, DeskKind } from '../../wire/desk.js';
import { attentionOf } from './attention.js';
import { type DeskAbout, type DeskInput, factsOf, listed } from './facts.js';
import { booksOf, breakersOf, differencesOf, feedsOf, guardsOf, limitsOf, truthOf, userStreamsOf } from './health.js';
import { balancesOf, type DayPnl, ledgerOf, pnlOf } from './money.js';
import { ordersOf } from './orders.js';
import { positionsOf } from './positions.js';

export interface Picture {
  readonly source: string;
  readonly name: string;
  readonly kind: DeskKind;
  readonly note: string;
  readonly about: DeskAbout;
  readonly input: DeskInput;
  /** By asset; null where the record cannot be read. */
  readonly day: ReadonlyMap<string, DayPnl> | null;
  /** What could not be had besides the parts, in sentences. */
  readonly missing: readonly string[];
}

const MOST_ATTENTION = 100;

export function deskOf({ source, name, kind, note, about, input, day, missing }: Picture): Desk {
  const facts = factsOf(input, about);
  const positions = positionsOf(facts);
  const truth = facts.truth?.products.rows ?? [];
  const sum = (of: (product: (typeof truth)[number]) => number): number => truth.reduce((all, product) => all + of(product), 0);
  const shown = {
    truth: truthOf(facts), positions: listed(positions, sum((each) => each.positions.omitted)), orders: listed(ordersOf(facts), (facts.orders?.orders.omitted ?? 0) + (facts.orders?.foreign.omitted ?? 0)),
    differences: listed(differencesOf(facts), sum((each) => each.differences.omitted)), guards: listed(guardsOf(facts), facts.risk?.closed.omitted), limits: listed(limitsOf(facts)), breakers: listed(breakersOf(facts)),
    userStreams: listed(userStreamsOf(facts)), balances: listed(balancesOf(facts), sum((each) => each.balances.omitted)),
  };
  const { operator, account } = facts;
  return {
    source, kind, atUs: input.atUs, note,
    standing: {
      name, mode: about.mode, account: about.account, run: about.run, paused: operator?.paused ?? null, stopping: operator?.stopping ?? false, storeFailed: operator?.storeFailed ?? null,
      busy: operator?.busy.rows ?? [], tradingEnabled: account?.tradingEnabled ?? null, entries: account?.entries ?? null,
    },
    attention: listed(attentionOf(facts, shown, facts.missing), 0, MOST_ATTENTION),
    ...shown, feeds: listed(feedsOf(facts), facts.health?.feeds.omitted), books: listed(booksOf(facts), facts.health?.books.omitted), ledger: listed(ledgerOf(facts)),
    pnl: pnlOf(facts, positions, day), missing: [...facts.missing, ...missing],
  };
}
