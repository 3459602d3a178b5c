import { Option, type Command } from 'commander';
import type { EngineCommandOptions } from './verbs.js';

type Wanted = Parameters<typeof import('./verbs.js').command>[1];

async function run(options: EngineCommandOptions, wanted: Wanted): Promise<void> {
  const { command } = await import('./verbs.js');
  await command(options, wanted);
}

/** Closing may take a minute on the venue's clock. */
const CLOSING_MS = 140_000;

/** Adds the operators' commands to `faultline engine`. */
export function registerOperator(engine: Command): void {
  const verb = (name: string, description: string): Command =>
    engine.command(name).description(description).option('--process <name>', 'name of the engine; without it, the one that runs').option('--json', 'one JSON value instead of text');
  const write = (name: string, description: string): Command =>
    verb(name, description).option('--id <id>', 'id of the command: the same again is carried out once (default: a new one)').option('-y, --yes', 'do not ask; needed where money moves and stdin is no terminal');

  verb('status', 'show mode, pause, positions, orders, risk gate, truth and ledger').action((options: EngineCommandOptions) => run(options, { verb: 'status' }));
  verb('health', 'say whether the engine is well, and if not why (exit 6)').action((options: EngineCommandOptions) => run(options, { verb: 'health' }));
  write('refresh', 'read account, positions and open orders from the exchange now').action((options: EngineCommandOptions) => run(options, { verb: 'refresh', patienceMs: 40_000 }));
  write('pause', 'no openings until resume: entries are cancelled, exits and stops stay; outlives the process')
    .option('--reason <text>', 'why, for the record')
    .action(({ reason, ...options }: EngineCommandOptions & { readonly reason?: string }) => run(options, { verb: 'pause', args: reason === undefined ? {} : { reason } }));
  write('resume', 'end a pause').action((options: EngineCommandOptions) => run(options, { verb: 'resume' }));
  write('close-symbol', 'pause, cancel entries and targets of an instrument, close its position, its stop last')
    .argument('<instrument>', 'as the venue spells it, e.g. BTCUSDT')
    .addOption(new Option('--product <product>', 'where the name alone does not say').choices(['spot', 'usdm', 'options']))
    .action((instrument: string, { product, ...options }: EngineCommandOptions & { readonly product?: string }) =>
      run(options, { verb: 'close-symbol', args: { instrument, ...(product === undefined ? {} : { product }) }, question: `Close ${instrument} at market?`, patienceMs: CLOSING_MS }));
  write('close-all', 'pause, cancel entries and targets, close every position, stops last').action((options: EngineCommandOptions) =>
    run(options, { verb: 'close-all', question: 'Close every position at market?', patienceMs: CLOSING_MS }));
  write('cancel-all', 'cancel our orders except protective stops')
    .option('--foreign', 'orders that are not ours, too')
    .action(({ foreign, ...options }: EngineCommandOptions & { readonly foreign?: true }) =>
      run(options, { verb: 'cancel-all', args: { foreign: foreign === true }, ...(foreign === true ? { question: 'Cancel all orders, also those that are not ours?' } : {}), patienceMs: 40_000 }));
  write('cancel-order', 'cancel one order; a protective stop of ours stays')
    .argument('<id>', 'its client id')
    .option('--foreign', 'it is not ours')
    .action((order: string, { foreign, ...options }: EngineCommandOptions & { readonly foreign?: true }) =>
      run(options, { verb: 'cancel-order', args: { order, foreign: foreign === true }, ...(foreign === true ? { question: `Cancel ${order}, which is not ours?` } : {}), patienceMs: 40_000 }));
  write('resolve', 'give up an order of which the exchange never says what became of it, once the exchange has been read anew: its instrument may be traded again')
    .option('--symbol <instrument>', 'every such order of this instrument, as the venue spells it')
    .addOption(new Option('--product <product>', 'where the name alone does not say').choices(['spot', 'usdm', 'options']))
    .option('--order <id>', 'the order with this client id')
    .action(({ symbol, product, order, ...options }: EngineCommandOptions & { readonly symbol?: string; readonly product?: string; readonly order?: string }) =>
      run(options, {
        verb: 'resolve', args: { ...(symbol === undefined ? {} : { instrument: symbol }), ...(product === undefined ? {} : { product }), ...(order === undefined ? {} : { order }) },
        question: `Give up ${order ?? `the orders of ${symbol ?? '?'}`} that the exchange does not know?`, patienceMs: 60_000,
      }));
  write('release', 'go on although the exchange has said to wait (429), has banned us (418) or would not have the key for orders')
    .addOption(new Option('--product <product>', 'whose wait is ended').choices(['spot', 'usdm', 'options']).makeOptionMandatory())
    .action(({ product, ...options }: EngineCommandOptions & { readonly product: string }) =>
      run(options, { verb: 'release', args: { product }, question: `Send requests to ${product} again although the exchange said not to? A ban may become longer.` }));
  write('stop', 'cancel entries, keep stops, end the engine')
    .option('--flatten', 'close every position first')
    .option('--reason <text>', 'why, for the record')
    .action(({ flatten, reason, ...options }: EngineCommandOptions & { readonly flatten?: true; readonly reason?: string }) =>
      run(options, {
        verb: 'stop', args: { flatten: flatten === true, ...(reason === undefined ? {} : { reason }) },
        ...(flatten === true ? { question: 'Close every position at market and end the engine?' } : {}), patienceMs: CLOSING_MS,
      }));
}
