import { type ActorContext, type Behaviour, createRuntime, type EffectCall, supervisor, WallClock, worker } from '../../../runtime/index.js';
import { openJournal } from '../../../runtime/journal/index.js';

/**
 * A process that moves money between two durable actors and sends one order for each transfer. Run by kill.test.ts as
 * `kill-bank.js DIR N`: at the Nth moment of a journal write it kills itself; with N = 0 it ends in good order.
 */
export const ROUNDS = 60;

export interface BankState {
  readonly balance: number;
  readonly moved: number;
  readonly filled: number;
  readonly unknown: number;
}

export interface SentOrder {
  readonly key: string;
  readonly amount: number;
}

type Message =
  | { readonly type: 'move'; readonly amount: number }
  | { readonly type: 'take'; readonly amount: number }
  | { readonly type: 'filled' }
  | { readonly type: 'runtime.effect_unknown'; readonly key: string };

const account: Behaviour<BankState, Message, undefined> = {
  name: 'account', version: 1,
  init: () => ({ balance: 1000, moved: 0, filled: 0, unknown: 0 }),
  step: (state, message, ctx: ActorContext<Message>) => {
    switch (message.type) {
      case 'move':
        ctx.send(ctx.ref('/b'), { type: 'take', amount: message.amount });
        ctx.effect('order', { amount: message.amount });
        return { ...state, balance: state.balance - message.amount, moved: state.moved + 1 };
      case 'take': return { ...state, balance: state.balance + message.amount, moved: state.moved + 1 };
      case 'filled': return { ...state, filled: state.filled + 1 };
      case 'runtime.effect_unknown': return { ...state, unknown: state.unknown + 1 };
    }
  },
};

export const bankSpec = () => supervisor({
  id: 'root', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1000 },
  children: ['a', 'b'].map((id) => worker({ id, behaviour: account, durable: { log: 'inputs' } })),
});

async function main(dir: string, killAt: number): Promise<void> {
  let points = 0;
  const journal = await openJournal({
    dir,
    onPoint: () => {
      if (++points === killAt) process.kill(process.pid, 'SIGKILL');
    },
  });
  const runtime = createRuntime({
    clock: new WallClock(),
    journal,
    effects: {
      order: (payload: { readonly amount: number }, call: EffectCall) => {
        process.stdout.write(`${JSON.stringify({ key: call.key, amount: payload.amount })}\n`);
        call.reply({ type: 'filled' });
      },
    },
  });
  const started = runtime.start(bankSpec());
  if (!started.ok) throw new Error(JSON.stringify(started.reason));
  runtime.run();
  for (let seq = runtime.lastInput('script') + 1; seq < ROUNDS; seq++) {
    runtime.input('/a', { type: 'move', amount: 1 + (seq % 7) }, { source: 'script', seq });
    if (seq % 3 === 2) await runtime.flushed();
  }
  for (let round = 0; round < 3; round++) {
    await runtime.flushed();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await runtime.shutdown();
  await journal.close();
}

if (process.argv[1]?.endsWith('kill-bank.js') === true) await main(process.argv[2]!, Number(process.argv[3]));
