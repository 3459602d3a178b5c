/** The operators' commands as the tree takes them: nothing that is not exactly one of these is carried out. */
import type { CommandInput, Json, VenueProduct } from '../engine/io.js';
import { venueProductOf } from '../gateway/decode/index.js';
import type { Instrument } from '../../data/records/index.js';

export type OperatorCommand =
  | { readonly verb: 'status' | 'health' | 'refresh' | 'resume' | 'close-all' }
  | { readonly verb: 'pause'; readonly reason: string }
  /** `symbols`: all that the name may mean; which of them is settled by the positions there are. */
  | { readonly verb: 'close-symbol'; readonly symbols: readonly number[] }
  | { readonly verb: 'cancel-all'; readonly foreign: boolean }
  | { readonly verb: 'cancel-order'; readonly clientId: string; readonly foreign: boolean }
  /** Of these instruments, or one order; null for any. */
  | { readonly verb: 'resolve'; readonly symbols: readonly number[] | null; readonly clientId: string | null }
  | { readonly verb: 'release'; readonly product: VenueProduct }
  | { readonly verb: 'stop'; readonly flatten: boolean; readonly reason: string };

/** Verbs that change something; the others only ask. */
export const WRITES: ReadonlySet<string> = new Set(['refresh', 'pause', 'resume', 'close-all', 'close-symbol', 'cancel-all', 'cancel-order', 'resolve', 'release', 'stop']);

export type Parsed = { readonly ok: true; readonly command: OperatorCommand } | { readonly ok: false; readonly problem: string };

const MOST_TEXT = 500;
const MOST_ID = 64;

/** Reads a command. Total: what is not understood is a problem in words. */
export function parseCommand(input: CommandInput, instruments: readonly Instrument[]): Parsed {
  const no = (problem: string): Parsed => ({ ok: false, problem });
  const { args } = input;
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return no('args must be an object');
  const known: Readonly<Record<string, readonly string[]>> = {
    'status': [], 'health': [], 'refresh': [], 'resume': [], 'close-all': [], 'pause': ['reason'], 'close-symbol': ['instrument', 'product'], 'cancel-all': ['foreign'], 'cancel-order': ['order', 'foreign'], 'resolve': ['instrument', 'product', 'order'], 'release': ['product'], 'stop': ['flatten', 'reason'],
  };
  const allowed = Object.hasOwn(known, input.verb) ? known[input.verb]! : undefined;
  if (allowed === undefined) return no(`unknown command ${JSON.stringify(input.verb)}; there are ${Object.keys(known).sort().join(', ')}`);
  const stranger = Object.keys(args).sort().find((name) => !allowed.includes(name));
  if (stranger !== undefined) return no(`${input.verb} takes no ${JSON.stringify(stranger)}`);
  const text = (name: string, otherwise: string): string | undefined => {
    const value: Json | undefined = Object.hasOwn(args, name) ? args[name] : otherwise;
    return typeof value === 'string' && value.length <= MOST_TEXT ? value : undefined;
  };
  const flag = (name: string): boolean | undefined => {
    const value: Json | undefined = Object.hasOwn(args, name) ? args[name] : false;
    return typeof value === 'boolean' ? value : undefined;
  };
  switch (input.verb) {
    case 'pause': {
      const reason = text('reason', 'an operator paused');
      return reason === undefined ? no('reason must be text of at most 500 characters') : { ok: true, command: { verb: 'pause', reason } };
    }
    case 'close-symbol': {
      const [name, product] = [text('instrument', ''), text('product', '')];
      if (name === undefined || name === '' || product === undefined) return no('close-symbol needs the name of an instrument');
      const found = symbolsOf(name, product, instruments);
      return 'problem' in found ? found : { ok: true, command: { verb: 'close-symbol', symbols: found } };
    }
    case 'resolve': {
      const [name, product, order] = [text('instrument', ''), text('product', ''), text('order', '')];
      if (name === undefined || product === undefined || order === undefined || (name === '') === (order === '')) return no('resolve needs the name of an instrument or the client id of an order');
      if (order !== '') return product === '' ? { ok: true, command: { verb: 'resolve', symbols: null, clientId: order } } : no('resolve takes a product with an instrument only');
      const found = symbolsOf(name, product, instruments);
      return 'problem' in found ? found : { ok: true, command: { verb: 'resolve', symbols: found, clientId: null } };
    }
    case 'release': {
      const product = PRODUCTS.find((each) => each === text('product', ''));
      return product === undefined ? no(`release needs a product; there are ${PRODUCTS.join(', ')}`) : { ok: true, command: { verb: 'release', product } };
    }
    case 'cancel-all': {
      const foreign = flag('foreign');
      return foreign === undefined ? no('foreign must be true or false') : { ok: true, command: { verb: 'cancel-all', foreign } };
    }
    case 'cancel-order': {
      const [order, foreign] = [text('order', ''), flag('foreign')];
      if (order === undefined || order === '') return no('cancel-order needs the client id of an order');
      return foreign === undefined ? no('foreign must be true or false') : { ok: true, command: { verb: 'cancel-order', clientId: order, foreign } };
    }
    case 'stop': {
      const [flatten, reason] = [flag('flatten'), text('reason', 'an operator stopped it')];
      return flatten === undefined || reason === undefined ? no('flatten must be true or false, reason text') : { ok: true, command: { verb: 'stop', flatten, reason } };
    }
    default:
      return { ok: true, command: { verb: input.verb as 'status' | 'health' | 'refresh' | 'resume' | 'close-all' } };
  }
}

const PRODUCTS: readonly VenueProduct[] = ['spot', 'usdm', 'options'];

function symbolsOf(name: string, product: string, instruments: readonly Instrument[]): readonly number[] | Extract<Parsed, { ok: false }> {
  if (product !== '' && !PRODUCTS.some((each) => each === product)) return { ok: false, problem: `no product ${JSON.stringify(product)}; there are ${PRODUCTS.join(', ')}` };
  const found = instruments.filter((each) => (each.symbol === name || `${each.symbol}@${each.venue}` === name) && (product === '' || venueProductOf(each) === product));
  if (found.length > 0) return found.map(({ index }) => index);
  return { ok: false, problem: `no instrument ${JSON.stringify(name)} in this engine; there are ${instruments.map(({ symbol, venue }) => `${symbol}@${venue}`).join(', ')}` };
}

/** An id that a client may choose. */
export const isCommandId = (id: unknown): id is string => typeof id === 'string' && id.length > 0 && id.length <= MOST_ID && /^[\w.:-]+$/.test(id);
