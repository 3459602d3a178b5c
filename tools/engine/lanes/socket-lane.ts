import { Kind, type Instrument } from '../../../data/records/index.js';
import { SourceLane, type SourceLaneInput } from '../../../actors/market/lanes/source/source-lane.js';
import type { LaneLink, LaneWork } from '../../../runtime/lanes/index.js';
import { EngineClock } from '../clock.js';
import { type SocketDoor, Sockets } from '../sockets/index.js';
import type { LaneNews, LaneQuestion, SocketEquipment } from './sources.js';

export interface SocketLaneInput extends SourceLaneInput, SocketEquipment {
  /** Instruments of the whole run: records name them by their index in it. */
  readonly all: readonly Instrument[];
  /** An earlier thread of the lane had sockets, and they ended with it. */
  readonly successor: boolean;
  /** Ids of the last messages, as StreamGuard has them. */
  readonly ids: Float64Array;
}

const NEWS_EVERY_MS = 1000;

/** What runs in the thread of a lane that has the sockets of its symbols: it decodes, judges, records and takes what they bring. */
export default function socketLane(input: unknown, link: LaneLink): LaneWork {
  const given = input as SocketLaneInput;
  const { all, instruments, addresses, ca, successor, ids } = given;
  const clock = EngineClock.of(given.clock);
  const tell = (news: LaneNews): void => lane.say(JSON.stringify(news));
  const door: SocketDoor = {
    clock, instruments: all,
    give: (told) => tell({ input: told } as LaneNews),
    records: ({ F, I }, from, to) => lane.take(F, I, from, to),
  };
  const sockets = new Sockets(door, { addresses, ca });
  const { intake } = sockets;
  intake.guard.resume(ids, clock.nowUs());
  const lane: SourceLane = new SourceLane(given, {
    inbox: link.inbox,
    outbox: link.outbox,
    post: (message) => link.post(message),
    ring: () => link.bell.ring(),
    rest: () => link.rest(),
    asked: (text) => ask(JSON.parse(text) as LaneQuestion),
    caughtUp() {
      if (!successor) return;
      // What the venue said in between nobody has heard.
      setImmediate(() => {
        for (const { index } of instruments) intake.lost(index, Kind.DEPTH);
      });
    },
  });
  const ask = (question: LaneQuestion): void => {
    switch (question.effect) {
      case 'socket.open': return sockets.open(question.payload);
      case 'socket.send': return sockets.send(question.payload);
      case 'socket.close': return sockets.close(question.payload);
      case 'socket.probe': return sockets.probe(question.payload);
    }
  };
  const news = setInterval(() => {
    lane.settle();
    tell({ metrics: { ...sockets.metrics(), lost: lane.lost } });
  }, NEWS_EVERY_MS);
  return {
    drain: () => lane.drain(),
    stop() {
      clearInterval(news);
      void sockets.shutdown();
    },
  };
}
