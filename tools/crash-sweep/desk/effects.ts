import type { EffectCall, EffectTable } from '../../../runtime/core/effects.js';
import type { ExchangeClient } from '../exchange/client.js';
import type { ExchangeCall, SlotMessage } from './messages.js';

/** The desk's effects: requests to the exchange, each with its idempotency key. The answer goes back to the actor that asked. */
export function exchangeEffects(client: ExchangeClient): EffectTable {
  const handler = (op: 'place' | 'cancel' | 'query') => ({ order, attempt, polls, side, lots, ticks }: ExchangeCall, call: EffectCall): 'pending' => {
    const request = op === 'place' ? { op, key: call.key, order, side, lots, ticks } : { op, key: call.key, order };
    client.request(request, (report) => {
      const message: SlotMessage = { type: 'report', attempt, polls, ...report };
      call.reply(message);
    });
    return 'pending';
  };
  return { place: handler('place'), cancel: handler('cancel'), query: handler('query') };
}
