import type { SocketClose, SocketInput, SocketOpen, SocketProbe, SocketSend, EngineInput } from '../../../actors/engine/io.js';
import type { RecordViews } from '../session.js';
import type { SharedClock } from '../clock.js';
import type { SocketAddresses } from '../sockets/index.js';

/** What the main loop asks of who keeps a lane's sockets, as text. */
export type LaneQuestion =
  | { readonly effect: 'socket.open'; readonly payload: SocketOpen }
  | { readonly effect: 'socket.send'; readonly payload: SocketSend }
  | { readonly effect: 'socket.close'; readonly payload: SocketClose }
  | { readonly effect: 'socket.probe'; readonly payload: SocketProbe };

/** What it tells: an input of the tree, or how much it has done since its thread began. */
export type LaneNews =
  | { readonly input: EngineInput & { readonly message: SocketInput } }
  | { readonly metrics: Readonly<Record<string, number>> };

/** What a lane's thread must have for sockets; plain data. */
export interface SocketEquipment {
  readonly addresses: SocketAddresses;
  readonly ca: string | null;
  readonly clock: SharedClock;
}

/** The lanes that have the market's sockets, for who carries out what the tree asks of sockets. */
export interface LaneSources {
  /** What threads that start from now on are given. */
  equip(equipment: () => SocketEquipment): void;
  laneOf(symbol: number): number;
  /** False where the lane has no thread now. */
  ask(lane: number, question: LaneQuestion): boolean;
  /** Whole messages, of the lane that has the symbol, for tape and kernel, as if a socket of its lane had brought them; false where it has no thread now. */
  offer(symbol: number, batch: RecordViews, from: number, to: number): boolean;
  listen(listener: { told(lane: number, news: LaneNews): void; down(lane: number): void }): void;
}
