import type { EngineInput, SocketInput, SocketOpen } from '../../../actors/engine/io.js';
import { SYMBOL_SHIFT, TAG, WORDS_I } from '../../../data/records/index.js';
import type { EngineDoor, EnginePart, VenueAccess } from '../parts.js';
import type { SecretDesk } from '../sockets/index.js';
import { socketAddresses, socketPart, type SecondOrigins } from '../sockets/part.js';
import type { Sockets } from '../sockets/index.js';
import { streamsOf } from '../sockets/stream-names.js';
import type { RecordViews } from '../session.js';
import type { LaneQuestion, LaneSources } from './sources.js';

/** Offers records [from, to), whole messages, to the lanes of their symbols. */
export function offerByLane(sources: Pick<LaneSources, 'laneOf' | 'offer'>, batch: RecordViews, from: number, to: number): void {
  const symbolAt = (at: number): number => batch.I[at * WORDS_I + TAG]! >>> SYMBOL_SHIFT;
  for (let at = from; at < to;) {
    const symbol = symbolAt(at);
    const lane = sources.laneOf(symbol);
    let end = at + 1;
    while (end < to && (symbolAt(end) === symbol || sources.laneOf(symbolAt(end)) === lane)) end += 1;
    sources.offer(symbol, batch, at, end);
    at = end;
  }
}

/**
 * Sockets where lanes have those of the market: what the tree asks of such a socket goes to the lane of its symbols, all else is done here. Snapshots that REST answers are
 * decoded here and taken by the lane.
 */
export function laneSocketPart(door: EngineDoor, sources: LaneSources, access: VenueAccess, secrets: SecretDesk, second: SecondOrigins): EnginePart & { readonly sockets: Sockets } {
  const here = socketPart({
    ...door,
    records(batch, from, to) {
      // A thread that is gone takes nothing: its books are out of step, and whoever keeps them asks again.
      offerByLane(sources, batch, from, to);
    },
  }, access, secrets, second);
  const { sockets } = here;
  const open = new Map<string, { readonly open: SocketOpen; readonly lane: number }>();
  const counts = new Map<number, Readonly<Record<string, number>>>();
  const addresses = socketAddresses(access, second);
  sources.equip(() => ({ addresses, ca: access.ca, clock: door.clock.shared() }));
  const closed = ({ to, socket }: SocketOpen, reason: string): void => {
    const message: SocketInput = { type: 'socket.closed', socket, code: 1006, reason };
    door.give({ to, message } satisfies EngineInput);
  };
  sources.listen({
    told(lane, news) {
      if ('metrics' in news) counts.set(lane, news.metrics);
      else {
        if (news.input.message.type === 'socket.closed') open.delete(news.input.message.socket);
        door.give(news.input);
      }
    },
    down(lane) {
      for (const { open: of, lane: its } of [...open.values()]) {
        if (its !== lane) continue;
        open.delete(of.socket);
        setImmediate(() => closed(of, `the thread of lane ${lane} has ended`));
      }
    },
  });
  const laneOf = (request: SocketOpen): number => {
    const symbol = streamsOf(request.path, sockets.intake.instruments(request.product)).find((stream) => stream.symbol >= 0)?.symbol;
    return symbol === undefined ? 0 : sources.laneOf(symbol);
  };
  const passedOn = (question: Exclude<LaneQuestion, { readonly effect: 'socket.open' }>): boolean => {
    const found = open.get(question.payload.socket);
    if (found !== undefined) sources.ask(found.lane, question);
    return found !== undefined;
  };
  return {
    sockets,
    effects: {
      'socket.open'(payload) {
        if (payload.carries !== 'market') return sockets.open(payload);
        const lane = laneOf(payload);
        if (sources.ask(lane, { effect: 'socket.open', payload })) open.set(payload.socket, { open: payload, lane });
        else setImmediate(() => closed(payload, `lane ${lane} has no thread`));
      },
      'socket.send'(payload) {
        if (!passedOn({ effect: 'socket.send', payload })) sockets.send(payload);
      },
      'socket.close'(payload) {
        if (!passedOn({ effect: 'socket.close', payload })) sockets.close(payload);
      },
      'socket.probe'(payload) {
        if (!passedOn({ effect: 'socket.probe', payload })) sockets.probe(payload);
      },
    },
    close: () => here.close(),
    metrics() {
      const sum: Record<string, number> = { ...here.metrics?.() };
      for (const own of counts.values()) for (const [name, value] of Object.entries(own)) sum[`sockets.${name}`] = (sum[`sockets.${name}`] ?? 0) + value;
      return sum;
    },
  };
}
