import { BadRow } from '../import-error.js';
import type { BinanceMessages } from './binance-messages.js';
import { isMessage, type Message } from './message.js';

const MAX_NESTING = 4;

/**
 * Takes a parsed frame apart: its envelope of a combined stream, lists of messages, REST bars; and hands the messages
 * in it to {@link BinanceMessages}. Messages of JSON-RPC go to `foreign`.
 */
export class BinanceFrames {
  readonly #messages: BinanceMessages;
  readonly #foreign: (message: Message, receivedUs: number) => void;

  constructor(messages: BinanceMessages, foreign: (message: Message, receivedUs: number) => void) {
    this.#messages = messages;
    this.#foreign = foreign;
  }

  /**
   * `stream`: name of the stream that messages without an envelope come from, "" when unknown; `symbol`: that of a REST
   * address, "" when unknown. @throws BadRow; what came before it in a list has then been handed on.
   */
  read(value: unknown, receivedUs: number, stream: string, symbol: string, depth = 0): void {
    if (depth > MAX_NESTING) throw new BadRow(`lists within lists, more than ${MAX_NESTING} deep`, 'shape');
    if (Array.isArray(value)) {
      const list = value as readonly unknown[];
      if (list.length >= 11 && list.length <= 12 && typeof list[0] === 'number') this.#messages.readBar(list, receivedUs, symbol);
      else for (const item of list) this.read(item, receivedUs, stream, symbol, depth + 1);
      return;
    }
    if (!isMessage(value)) throw new BadRow('a frame that is neither an object nor a list', 'shape');
    if (value['jsonrpc'] !== undefined) {
      this.#foreign(value, receivedUs);
    } else if (typeof value['stream'] === 'string' && isMessage(value['data'])) {
      this.#messages.read(value['data'], receivedUs, value['stream'], symbol);
    } else if (typeof value['stream'] === 'string' && Array.isArray(value['data'])) {
      for (const item of value['data'] as readonly unknown[]) if (isMessage(item)) this.#messages.read(item, receivedUs, value['stream'], symbol);
    } else if (Array.isArray(value['messages'])) {
      for (const item of value['messages'] as readonly unknown[]) this.read(item, receivedUs, stream, symbol, depth + 1);
    } else {
      this.#messages.read(value, receivedUs, stream, symbol);
    }
  }
}
