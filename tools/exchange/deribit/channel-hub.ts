import { notificationFrame } from './json-rpc.js';

/** Whoever is told of a channel. Frames that come while a subscription is being answered wait for the answer. */
export interface ChannelListener {
  notify(frame: string, channel: string): void;
}

/** Who listens to which channel of the venue's board. A notification is written once for all listeners. */
export class ChannelHub {
  readonly #listeners = new Map<string, Set<ChannelListener>>();

  publish(key: string, channel: string, data: unknown): void {
    const listeners = this.#listeners.get(key);
    if (listeners === undefined) return;
    const frame = notificationFrame(channel, JSON.stringify(data));
    for (const listener of listeners) listener.notify(frame, channel);
  }

  add(key: string, listener: ChannelListener): void {
    const listeners = this.#listeners.get(key);
    if (listeners === undefined) this.#listeners.set(key, new Set([listener]));
    else listeners.add(listener);
  }

  remove(key: string, listener: ChannelListener): void {
    const listeners = this.#listeners.get(key);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(key);
  }

  /** The engine has begun anew and knows of no subscription any more: everybody is told by `lost`. */
  reset(lost: (listener: ChannelListener) => void): void {
    const all = new Set<ChannelListener>();
    for (const listeners of this.#listeners.values()) for (const listener of listeners) all.add(listener);
    this.#listeners.clear();
    for (const listener of all) lost(listener);
  }
}
