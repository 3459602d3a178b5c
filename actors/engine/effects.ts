import type { DecisionEffect } from '../journal/journal.js';
import type { CommandAnswer, RestRequest, SocketClose, SocketOpen, SocketProbe, SocketSend, StoreWrite } from './io.js';

/** Everything that the engine's tree asks of the world, by effect name. A replay of a run carries out none of it. */
export interface EngineEffects {
  readonly 'rest.send': RestRequest;
  readonly 'socket.open': SocketOpen;
  readonly 'socket.send': SocketSend;
  readonly 'socket.close': SocketClose;
  readonly 'socket.probe': SocketProbe;
  readonly 'store.write': StoreWrite;
  readonly 'command.answer': CommandAnswer;
  /** Line of a decision, told when its turn has succeeded. */
  readonly 'decision': DecisionEffect;
}
export type EngineEffect = keyof EngineEffects;
export const ENGINE_EFFECTS: readonly EngineEffect[] = ['rest.send', 'socket.open', 'socket.send', 'socket.close', 'socket.probe', 'store.write', 'command.answer', 'decision'];

/** Who carries effects out. It answers by inputs alone, and never within the call. */
export type EffectHandlers = { readonly [E in EngineEffect]?: (payload: EngineEffects[E]) => void };
