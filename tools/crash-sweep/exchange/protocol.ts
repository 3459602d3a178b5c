/** What the order desk says to the simulated exchange: one JSON object a line over a Unix socket. `req` numbers a connection's requests. */
export type ExchangeRequest =
  | { readonly op: 'place'; readonly req: number; readonly key: string; readonly order: number; readonly side: 1 | -1; readonly lots: number; readonly ticks: number }
  | { readonly op: 'cancel'; readonly req: number; readonly key: string; readonly order: number }
  | { readonly op: 'query'; readonly req: number; readonly key: string; readonly order: number }
  /** The source of the inputs notes that input `input` was acknowledged. No answer. */
  | { readonly op: 'ack'; readonly input: number }
  /** Moves the exchange's clock; what became due is answered first. */
  | { readonly op: 'advance'; readonly req: number; readonly us: number };

export type OrderStatus = 'absent' | 'working' | 'filled' | 'cancelled';

/** What the exchange says of an order. */
export interface OrderReport {
  readonly order: number;
  readonly status: OrderStatus;
}

export type ExchangeReply =
  /** First line of a connection: the last acknowledged input (-1: none) and the exchange's clock. */
  | { readonly hello: true; readonly acked: number; readonly nowUs: number }
  | { readonly req: number; readonly report: OrderReport }
  /** The answer comes when the exchange's clock is there. */
  | { readonly req: number; readonly heldUntilUs: number }
  | { readonly req: number; readonly advancedUs: number };

/** One line of the exchange's own record, in the order in which it happened. */
export type ExchangeEntry =
  | { readonly op: 'place'; readonly key: string; readonly order: number; readonly side: 1 | -1; readonly lots: number; readonly ticks: number; readonly atUs: number }
  | { readonly op: 'cancel'; readonly key: string; readonly order: number; readonly atUs: number }
  | { readonly op: 'query'; readonly key: string; readonly order: number; readonly atUs: number }
  | { readonly op: 'ack'; readonly input: number };

/** Calls `onLine` for every whole line of a stream of chunks. */
export function lines(onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    rest += chunk.toString('utf8');
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      onLine(rest.slice(0, end));
      rest = rest.slice(end + 1);
    }
  };
}
