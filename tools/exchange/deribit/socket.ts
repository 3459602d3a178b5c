import { DeribitError, invalidParam } from '../../../actors/exchange/deribit/errors.js';
import { DeribitParams } from '../../../actors/exchange/deribit/params.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { Connection, Protocol } from '../web/index.js';
import type { CancelTimer } from '../web/index.js';
import type { Grant } from './auth.js';
import type { ChannelListener } from './channel-hub.js';
import type { DeribitFace } from './face.js';
import { decodeRequest, errorFrame, notificationFrame, resultFrame, type RpcId, type RpcRequest } from './json-rpc.js';
import { API_VERSION } from './methods/index.js';

const MOST_CHANNELS = 500;
const SHORTEST_HEARTBEAT_S = 10;
const LONGEST_HEARTBEAT_S = 3600;
/** Of silence after which orders are cancelled where that was asked for. */
const SILENCE_US = 600e6;

/** One websocket of Deribit: its login, subscriptions, heartbeat, and what happens to its orders when it goes. */
export class DeribitSocket implements Protocol, ChannelListener {
  readonly #face: DeribitFace;
  readonly #connection: Connection;
  /** Number that orders carry; 0 stands for HTTP. */
  readonly #number: number;
  readonly #onClosed: () => void;
  #grant: Grant | undefined;
  /** Channel by name, with its key on the venue's board. */
  readonly #channels = new Map<string, string>();
  #cancelOnDisconnect: 'none' | 'connection' | 'account' = 'none';
  #loggedOut = false;
  #heartbeat: CancelTimer = () => undefined;
  #silence: CancelTimer = () => undefined;
  #heard = false;
  #testing = false;
  /** Subscriptions that are being answered, and notifications that wait for them. */
  #subscribing = 0;
  #waiting: { readonly frame: string; readonly channel: string }[] = [];

  constructor(face: DeribitFace, connection: Connection, onClosed: () => void) {
    this.#face = face;
    this.#connection = connection;
    this.#number = connection.id + 1;
    this.#onClosed = onClosed;
  }

  message(text: string): void {
    const usIn = this.#face.nowUs();
    this.#heard = true;
    this.#testing = false;
    if (this.#cancelOnDisconnect !== 'none') this.#watchSilence();
    const decoded = decodeRequest(text);
    if (!decoded.ok) {
      this.#refuse(decoded.id, decoded.error, usIn, 'error');
      return;
    }
    const { request } = decoded;
    try {
      this.#take(request, usIn);
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      this.#refuse(request.id ?? null, error, usIn, request.method);
    }
  }

  notify(frame: string, channel: string): void {
    if (this.#subscribing > 0) this.#waiting.push({ frame, channel });
    else this.#connection.sendText(frame, channel.startsWith('user.') ? 'user' : 'market', channel, this.#accountName());
  }

  /** Nothing of this kind is in Deribit's protocol: a restart is announced on platform_state. */
  shutdownNotice(_nowMs: number): string {
    return notificationFrame('platform_state', '{"locked":true}');
  }

  /** The venue has begun anew: what was subscribed is gone, and the connection with it. */
  lost(): void {
    this.#channels.clear();
    this.#connection.close(1012, 'Service restart');
  }

  closed(): void {
    this.#heartbeat();
    this.#silence();
    const grant = this.#grant;
    const keys = [...this.#channels.values()];
    this.#channels.clear();
    for (const key of keys) this.#face.hub.remove(key, this);
    const cancels = !this.#loggedOut && grant !== undefined ? this.#cancelOnDisconnect : 'none';
    this.#face.port.call((venue, nowUs) => venue.call(nowUs, () => {
      for (const key of keys) venue.channels.close(key);
      if (cancels !== 'none' && grant !== undefined) {
        venue.orders.cancelAll(venue.account(grant.account), ({ terms }) => cancels === 'account' || terms.connection === this.#number, 'disconnect');
      }
    }), () => undefined, () => undefined);
    this.#face.auth.closed(this.#number);
    this.#onClosed();
  }

  #take(request: RpcRequest, usIn: number): void {
    const { method } = request;
    const params = new DeribitParams(request.params);
    const token = params.optionalText('access_token');
    const grant = token === undefined ? this.#grant : this.#face.auth.ofToken(token, this.#number);
    this.#face.charge(method, grant, this.#connection.ip);
    const done = (result: unknown): void => this.#answer(request, result, usIn);
    if (method.startsWith('private/') && grant === undefined) throw new DeribitError('unauthorized', { reason: 'invalid_token' });
    switch (method) {
      case 'public/auth': {
        const { answer, grant: granted } = this.#face.auth.login(params, this.#number);
        this.#grant = granted;
        done(answer);
        return;
      }
      case 'public/hello':
        params.text('client_name');
        done({ version: API_VERSION });
        return;
      case 'public/set_heartbeat':
        this.#setHeartbeat(params.integer('interval', SHORTEST_HEARTBEAT_S, LONGEST_HEARTBEAT_S));
        done('ok');
        return;
      case 'public/disable_heartbeat':
        this.#heartbeat();
        done('ok');
        return;
      case 'public/subscribe':
      case 'private/subscribe':
        this.#subscribe(request, params.texts('channels', MOST_CHANNELS), grant, usIn);
        return;
      case 'public/unsubscribe':
      case 'private/unsubscribe':
        done(this.#unsubscribe(params.texts('channels', MOST_CHANNELS)));
        return;
      case 'public/unsubscribe_all':
      case 'private/unsubscribe_all':
        this.#unsubscribe([...this.#channels.keys()]);
        done('ok');
        return;
      case 'private/enable_cancel_on_disconnect':
        this.#cancelOnDisconnect = params.optionalWord('scope', ['connection', 'account']) ?? 'connection';
        this.#watchSilence();
        done('ok');
        return;
      case 'private/disable_cancel_on_disconnect':
        this.#cancelOnDisconnect = 'none';
        this.#silence();
        done('ok');
        return;
      case 'private/get_cancel_on_disconnect':
        done({ enabled: this.#cancelOnDisconnect !== 'none', scope: this.#cancelOnDisconnect === 'account' ? 'account' : 'connection' });
        return;
      case 'private/logout':
        this.#loggedOut = true;
        if (grant !== undefined && (!params.has('invalidate_token') || params.flag('invalidate_token'))) this.#face.auth.revoke(grant);
        this.#connection.close(1000, 'logout');
        return;
      default:
        this.#face.perform(
          { request, grant, connection: this.#number, ip: this.#connection.ip },
          (result, cut) => (cut === undefined ? done(result) : this.#connection.terminate('trouble')),
          (error, cut) => (cut === undefined ? this.#refuse(request.id ?? null, error, usIn, method) : this.#connection.terminate('trouble')),
        );
    }
  }

  #answer({ id, method }: RpcRequest, result: unknown, usIn: number): void {
    this.#connection.sendText(resultFrame(id, result, { usIn, usOut: this.#face.nowUs(), testnet: true }), 'answer', method, this.#accountName());
  }

  #refuse(id: RpcId, error: VenueError, usIn: number, name: string): void {
    this.#connection.sendText(errorFrame(id, error, { usIn, usOut: this.#face.nowUs(), testnet: true }), 'answer', name, this.#accountName());
  }

  /** All channels or none: a wrong name refuses the call. What is subscribed begins in the same turn of the engine as its snapshot. */
  #subscribe(request: RpcRequest, names: readonly string[], grant: Grant | undefined, usIn: number): void {
    if (this.#channels.size + names.length > MOST_CHANNELS) throw invalidParam('channels', `more than ${MOST_CHANNELS} channels`);
    const wanted = [...new Set(names)];
    this.#subscribing += 1;
    const release = (): void => {
      this.#subscribing -= 1;
      if (this.#subscribing > 0) return;
      for (const { frame, channel } of this.#waiting.splice(0)) this.notify(frame, channel);
    };
    this.#face.port.call(
      (venue, nowUs) => venue.call(nowUs, () => {
        // Each is opened once: what is subscribed already is answered and not told anew.
        const opened: { readonly name: string; readonly key: string; readonly first: unknown }[] = [];
        try {
          for (const name of wanted) if (!this.#channels.has(name)) opened.push({ name, ...venue.channels.open(name, grant?.account) });
        } catch (error) {
          for (const { key } of opened) venue.channels.close(key);
          throw error;
        }
        if (this.#connection.ended !== undefined) {
          for (const { key } of opened) venue.channels.close(key);
          return;
        }
        for (const { name, key, first } of opened) {
          this.#channels.set(name, key);
          this.#face.hub.add(key, this);
          if (first !== undefined) this.notify(notificationFrame(name, JSON.stringify(first)), name);
        }
      }),
      () => {
        this.#answer(request, wanted, usIn);
        release();
      },
      (error) => {
        this.#refuse(request.id ?? null, error, usIn, request.method);
        release();
      },
    );
  }

  #unsubscribe(names: readonly string[]): string[] {
    const gone: string[] = [];
    const keys: string[] = [];
    for (const name of names) {
      const key = this.#channels.get(name);
      if (key === undefined) continue;
      this.#channels.delete(name);
      this.#face.hub.remove(key, this);
      gone.push(name);
      keys.push(key);
    }
    this.#face.port.call((venue) => keys.forEach((key) => venue.channels.close(key)), () => undefined, () => undefined);
    return gone;
  }

  /** Every interval a heartbeat; when the client was silent, a test_request, and without an answer to that the end. */
  #setHeartbeat(seconds: number): void {
    this.#heartbeat();
    const beat = (): void => {
      if (this.#connection.ended !== undefined) return;
      if (this.#testing) {
        this.#connection.close(1000, 'heartbeat lost');
        return;
      }
      this.#testing = !this.#heard;
      this.#heard = false;
      const type = this.#testing ? 'test_request' : 'heartbeat';
      this.#connection.sendText(`{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"${type}"}}`, 'notice', 'heartbeat', this.#accountName());
      this.#heartbeat = this.#face.scene.clock.after(seconds * 1e6, beat);
    };
    this.#testing = false;
    this.#heartbeat = this.#face.scene.clock.after(seconds * 1e6, beat);
  }

  #watchSilence(): void {
    this.#silence();
    this.#silence = this.#face.scene.clock.after(SILENCE_US, () => this.#connection.close(1000, 'no message for ten minutes'));
  }

  #accountName(): string | undefined {
    return this.#grant === undefined ? undefined : String(this.#grant.account);
  }
}
