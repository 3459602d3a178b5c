/**
 * One order at the venue as an actor: the statechart of machine.ts stepped by the runtime, its effects carried out. It writes itself down
 * before it is sent, speaks to the gateway, and tells its manager, which tells everybody else.
 */
import type { OrdersParams } from '../../config/engine/orders.js';
import { dataHooks, machine, type ActorContext, type Behaviour } from '../../runtime/index.js';
import type { StoreWrite } from '../engine/io.js';
import type { VenueCall } from '../engine/venue-calls.js';
import type { CallStep } from './answers.js';
import type { OrderEvent } from './knowledge.js';
import { algoMachine, orderMachine, type OrderContext, type OrderMachineInput, type OrderSurroundings } from './machine.js';
import type { ChildTold, OrderRecord, OrderState } from './messages.js';
import { fillRow, intentRow, orderRow } from './rows.js';
import { wireOf } from './wire.js';

export interface OrderInput extends OrderSurroundings {
  readonly params: OrdersParams;
  /** A new one, or what an earlier life left. */
  readonly record: OrderRecord;
}

export type OrderMessage =
  | OrderEvent
  | { readonly type: 'store.flushed'; readonly id: string }
  | { readonly type: 'store.failed'; readonly problem: string };

/** Of a call that answers this order: `clientId step number`. Client ids have no space in them. */
export const callIdOf = (clientId: string, step: CallStep, call: number): string => `${clientId} ${step} ${call}`;
export function parseCallId(id: string): { readonly clientId: string; readonly step: CallStep; readonly call: number } | undefined {
  const [clientId = '', step = '', call = ''] = id.split(' ');
  const known = ['place', 'cancel', 'order', 'open', 'spawned', 'trades'].includes(step) && /^\d+$/.test(call);
  return known ? { clientId, step: step as CallStep, call: Number(call) } : undefined;
}

interface Args {
  readonly context: OrderContext;
  readonly params: unknown;
}
type Context = ActorContext<OrderMessage>;

const nowMs = (ctx: Context): number => Math.floor(ctx.nowUs() / 1000);

/** The behaviour of an order in one of the venue's services, and of the path it speaks through. */
export function orderBehaviour(service: 'order' | 'algo'): Behaviour<unknown, OrderMessage, OrderInput> {
  const effects = {
    announce({ context, params }: Args, ctx: Context): void {
      const { state } = params as { readonly state: OrderState };
      const { record } = context.known;
      const { around } = context;
      // A new life of an old order: it stands where it is told next.
      if (state === 'journalling' && record.journalled) return;
      const rows = [...(state === 'journalling' ? [intentRow(record, around.instrument)] : []), orderRow(record, around.instrument)];
      const write: StoreWrite = state === 'journalling' ? { rows, ack: { id: record.intent.clientId, to: ctx.path } } : { rows };
      ctx.effect('store.write', write);
      tell(around, ctx, { type: 'child.state', clientId: record.intent.clientId, state, record });
    },
    tellFills({ context }: Args, ctx: Context): void {
      const { record, fills } = context.known;
      const { around } = context;
      if (fills.length === 0) return;
      ctx.effect('store.write', { rows: [...fills.map((fill) => fillRow(record, fill, around.instrument)), orderRow(record, around.instrument)] } satisfies StoreWrite);
      for (const fill of fills) tell(around, ctx, { type: 'child.fill', clientId: record.intent.clientId, fill, record });
    },
    place({ context }: Args, ctx: Context): void {
      const { listId, kind } = context.known.record.intent;
      // The stop of a list is sent by its target, and answered with it.
      if (listId === null || kind === 'limit') speak(context, 'place', 0, ctx);
    },
    ask: ({ context }: Args, ctx: Context): void => speak(context, context.known.step, context.known.asking, ctx),
    withdraw: ({ context }: Args, ctx: Context): void => speak(context, 'cancel', context.known.withdrawing, ctx),
    lingered({ context }: Args, ctx: Context): void {
      const { record } = context.known;
      tell(context.around, ctx, { type: 'child.done', clientId: record.intent.clientId, record });
    },
  };

  function speak({ known, params, around }: OrderContext, step: CallStep, call: number, ctx: Context): void {
    const { record } = known;
    ctx.send(ctx.ref<VenueCall>(around.gatewayPath), {
      type: 'venue.call', id: callIdOf(record.intent.clientId, step, call), replyTo: around.managerPath, security: 'signed',
      timeoutMs: params.outcomeTimeoutMs, ...wireOf(step, record, around.instrument),
      // Whether a position still has its stop is asked before all else, from what is kept for that.
      ...(record.doubt === 'restart' && record.intent.reduceOnly ? { reducing: true } : {}),
    });
  }

  function tell({ managerPath }: OrderSurroundings, ctx: Context, message: ChildTold): void {
    ctx.send(ctx.ref<ChildTold>(managerPath), message);
  }

  const chart = service === 'algo' ? algoMachine : orderMachine;
  const inner: Behaviour<unknown, OrderEvent & { readonly nowMs: number }, OrderMachineInput> = machine(chart, { name: chart.id, version: 1, effects: effects as never });

  return {
    name: chart.id,
    version: 1,
    init: (ctx, { params, record, instrument, managerPath, gatewayPath }) =>
      inner.init(ctx as never, { params, record, nowMs: nowMs(ctx), around: { instrument, managerPath, gatewayPath } }),
    step(state, message, ctx) {
      const event = eventOf(message);
      return event === undefined ? state : inner.step(state, { ...event, nowMs: nowMs(ctx) }, ctx as never);
    },
    ...dataHooks(inner as never),
  };
}

function eventOf(message: OrderMessage): OrderEvent | undefined {
  switch (message.type) {
    case 'store.flushed':
      return { type: 'flushed' };
    case 'store.failed':
      return { type: 'storeFailed' };
    default:
      return message;
  }
}
