import { z } from 'zod';
import { formatMoney, money } from '../../../actors/account/money.js';
import { ControlClient } from '../../../runtime/control/index.js';
import { QUESTIONS } from '../../exchange/verbs.js';
import type { EngineWatch } from './watch.js';

const PATIENCE_MS = 6000;
const LOOK_EVERY_MS = 200;
/** Our ledger hears of a fill a moment after the exchange has booked it: it has this long to say the same. */
const AGREE_WITHIN_MS = 5000;

const booksSchema = z.object({
  usdm: z.object({
    accounts: z.array(z.object({ house: z.boolean(), balances: z.record(z.string(), z.object({ free: z.string(), locked: z.string() })) })),
    fills: z.array(z.object({ account: z.unknown() })),
    positions: z.array(z.object({ symbol: z.string(), positionAmt: z.string() })),
  }),
});

/** Our ledger beside the exchange's own books. */
export interface FinalBooks {
  readonly exchange: { readonly wallet: string; readonly fills: number; readonly positions: readonly string[] };
  readonly ledger: { readonly wallet: string; readonly fills: number };
  readonly equal: boolean;
}

/** Compares until both say the same, or for a while. */
export async function compareBooks(watch: EngineWatch, engine: ControlClient, exchangeSocket: string): Promise<FinalBooks> {
  const exchange = await ControlClient.connect({ socketPath: exchangeSocket });
  try {
    for (const untilMs = performance.now() + AGREE_WITHIN_MS; ;) {
      const books = await compared(watch, engine, exchange);
      if (books.equal || performance.now() > untilMs) return books;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    exchange.close();
  }
}

async function compared(watch: EngineWatch, engine: ControlClient, exchange: ControlClient): Promise<FinalBooks> {
  const { value } = await exchange.call('ask', { name: QUESTIONS.books, input: { limit: 100_000 } }, { timeoutMs: PATIENCE_MS });
  const { usdm } = booksSchema.parse(value);
  await watch.look(engine);
  const ledger = watch.status?.ledger?.find(({ product }) => product === 'usdm');
  const wallet = usdm.accounts.filter(({ house }) => !house).reduce((sum, { balances }) => sum + money(balances['USDT']?.free ?? '0') + money(balances['USDT']?.locked ?? '0'), 0n);
  const ours = money(ledger?.balances['USDT'] ?? '0');
  const positions = usdm.positions.filter(({ positionAmt }) => Number(positionAmt) !== 0).map(({ symbol, positionAmt }) => `${symbol} ${positionAmt}`);
  const fills = ledger?.totals.fills ?? 0;
  return {
    exchange: { wallet: formatMoney(wallet), fills: usdm.fills.length, positions }, ledger: { wallet: formatMoney(ours), fills },
    equal: wallet === ours && usdm.fills.length === fills,
  };
}
