import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { DeribitError, invalidParam } from '../../../actors/exchange/deribit/errors.js';
import type { DeribitParams } from '../../../actors/exchange/deribit/params.js';
import type { AccountId } from '../../../actors/exchange/ids.js';
import type { AccountKey, Accounts } from '../accounts/accounts.js';

/** What somebody who has logged in may do. */
export interface Grant {
  readonly account: AccountId;
  readonly keyId: string;
  readonly trade: 'none' | 'read' | 'read_write';
  readonly scope: string;
  /** Connection that a token of scope `connection` is bound to; undefined = a session, usable anywhere. */
  readonly connection: number | undefined;
  /** Its session's name; undefined = it is a connection's. */
  readonly session: string | undefined;
  readonly expiresUs: number;
}

export interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly token_type: 'bearer';
  readonly enabled_features: readonly string[];
  readonly sid: string;
  readonly state?: string;
}

/** One request's proof over HTTP, as its header or parameters gave it. */
export interface HttpProof {
  readonly authorization: string | undefined;
  readonly accessToken: string | undefined;
  /** `METHOD\n/path?query\nbody\n`: what a deri-hmac-sha256 signature covers after stamp and nonce. */
  readonly signed: () => string;
}

const GRANTS = ['client_credentials', 'client_signature', 'refresh_token'] as const;
const TOKEN_SECONDS = 900;
const REFRESH_SECONDS = 7 * 86_400;
/** How old or early the stamp of a signature may be. */
const STAMP_WINDOW_MS = 60_000;
const MOST_SESSIONS = 16;
const MOST_TOKENS = 10_000;

interface Refresh {
  readonly grant: Grant;
  readonly expiresUs: number;
}

/** Tokens and signatures: who a caller is. Secrets are compared in constant time and appear in no error. */
export class DeribitAuth {
  readonly #accounts: Accounts;
  readonly #nowUs: () => number;
  readonly #tokens = new Map<string, Grant>();
  readonly #refresh = new Map<string, Refresh>();
  /** Named sessions by key, and until when the last token of each is good. */
  readonly #sessions = new Map<string, Map<string, number>>();
  readonly #stampWindowMs: number;

  constructor(accounts: Accounts, nowUs: () => number, stampWindowMs = STAMP_WINDOW_MS) {
    this.#accounts = accounts;
    this.#nowUs = nowUs;
    this.#stampWindowMs = stampWindowMs;
  }

  /** public/auth in its three forms. @throws invalid_credentials, invalid params */
  login(params: DeribitParams, connection: number | undefined): { readonly answer: TokenAnswer; readonly grant: Grant } {
    const type = params.word('grant_type', GRANTS);
    const state = params.optionalText('state');
    const { key, scope } = this.#identify(type, params);
    const grant = this.#grant(key, scope, connection);
    return { grant, answer: this.#issue(grant, state) };
  }

  /** Who made an HTTP request; undefined when it carries no proof at all. @throws when it carries a wrong one */
  ofHttp(proof: HttpProof): Grant | undefined {
    const { authorization, accessToken } = proof;
    if (accessToken !== undefined) return this.ofToken(accessToken, undefined);
    if (authorization === undefined) return undefined;
    const space = authorization.indexOf(' ');
    const scheme = authorization.slice(0, Math.max(0, space)).toLowerCase();
    const rest = authorization.slice(space + 1).trim();
    switch (scheme) {
      case 'bearer':
        return this.ofToken(rest, undefined);
      case 'basic': {
        const text = Buffer.from(rest, 'base64').toString('utf8');
        const colon = text.indexOf(':');
        return this.#grant(this.#bySecret(text.slice(0, Math.max(0, colon)), text.slice(colon + 1)), '', undefined);
      }
      case 'deri-hmac-sha256':
        return this.#grant(this.#byHeader(rest, proof.signed), '', undefined);
      default:
        throw new DeribitError('invalid_credentials', { reason: 'unknown authorization scheme' });
    }
  }

  /** @throws unauthorized when the token is unknown, expired, or bound to another connection */
  ofToken(token: string, connection: number | undefined): Grant {
    const grant = this.#tokens.get(token);
    if (grant === undefined || (grant.connection !== undefined && grant.connection !== connection)) throw new DeribitError('unauthorized', { reason: 'invalid_token' });
    if (grant.expiresUs <= this.#nowUs()) {
      this.#tokens.delete(token);
      throw new DeribitError('unauthorized', { reason: 'token has expired', param: 'access_token' });
    }
    return grant;
  }

  /** Makes the tokens of a grant invalid and ends its session, as private/logout does. */
  revoke(grant: Grant): void {
    if (grant.session !== undefined) this.#sessions.get(grant.keyId)?.delete(grant.session);
    for (const [token, other] of this.#tokens) if (other === grant) this.#tokens.delete(token);
    for (const [token, other] of this.#refresh) if (other.grant === grant) this.#refresh.delete(token);
  }

  /** Tokens that only this connection could use are gone with it. */
  closed(connection: number): void {
    for (const [token, grant] of this.#tokens) if (grant.connection === connection) this.#tokens.delete(token);
    for (const [token, { grant }] of this.#refresh) if (grant.connection === connection) this.#refresh.delete(token);
  }

  #identify(type: (typeof GRANTS)[number], params: DeribitParams): { readonly key: AccountKey; readonly scope: string } {
    const scope = params.optionalText('scope') ?? '';
    switch (type) {
      case 'client_credentials':
        return { key: this.#bySecret(params.text('client_id'), params.text('client_secret')), scope };
      case 'client_signature': {
        const timestamp = params.text('timestamp');
        const text = `${timestamp}\n${params.optionalText('nonce') ?? ''}\n${params.optionalText('data') ?? ''}`;
        return { key: this.#bySignature(params.text('client_id'), timestamp, text, params.text('signature')), scope };
      }
      case 'refresh_token': {
        const token = params.text('refresh_token');
        const refresh = this.#refresh.get(token);
        if (refresh === undefined || refresh.expiresUs <= this.#nowUs()) throw new DeribitError('invalid_credentials');
        this.#refresh.delete(token);
        const key = this.#accounts.key(refresh.grant.keyId);
        if (key === undefined) throw new DeribitError('invalid_credentials');
        return { key, scope: scope === '' ? refresh.grant.scope : scope };
      }
    }
  }

  #key(clientId: string): AccountKey & { readonly secret: string } {
    const key = this.#accounts.key(clientId);
    if (key === undefined || key.kind !== 'hmac' || key.secret === undefined) throw new DeribitError('invalid_credentials');
    return { ...key, secret: key.secret };
  }

  #bySecret(clientId: string, secret: string): AccountKey {
    const key = this.#key(clientId);
    if (!same(secret, key.secret)) throw new DeribitError('invalid_credentials');
    return key;
  }

  #bySignature(clientId: string, timestamp: string, text: string, signature: string): AccountKey {
    const key = this.#key(clientId);
    const stampMs = /^\d{1,16}$/.test(timestamp) ? Number(timestamp) : NaN;
    const expected = createHmac('sha256', key.secret).update(text).digest('hex');
    if (!same(signature.toLowerCase(), expected)) throw new DeribitError('invalid_credentials');
    if (!(Math.abs(stampMs - this.#nowUs() / 1000) <= this.#stampWindowMs)) throw new DeribitError('invalid_credentials', { reason: 'timestamp is too old or in the future', param: 'timestamp' });
    return key;
  }

  #byHeader(rest: string, signed: () => string): AccountKey {
    const fields = new Map<string, string>();
    for (const part of rest.split(',')) {
      const equals = part.indexOf('=');
      if (equals > 0) fields.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
    }
    const [id, ts, sig, nonce] = ['id', 'ts', 'sig', 'nonce'].map((name) => fields.get(name));
    if (id === undefined || ts === undefined || sig === undefined || nonce === undefined) throw new DeribitError('invalid_credentials');
    return this.#bySignature(id, ts, `${ts}\n${nonce}\n${signed()}`, sig);
  }

  /** What is asked for, cut down to what the key may do. Nothing asked for: all that the key may. */
  #grant(key: AccountKey, scope: string, connection: number | undefined): Grant {
    const words = scope.split(/[\s,]+/).filter((word) => word !== '');
    const allowed = key.permissions.has('futures') ? 'read_write' : key.permissions.has('read') ? 'read' : 'none';
    const asked = words.find((word) => word.startsWith('trade:'))?.slice('trade:'.length);
    if (asked !== undefined && asked !== 'read' && asked !== 'read_write' && asked !== 'none') throw invalidParam('scope', `unknown scope trade:${asked.slice(0, 20)}`);
    const trade = asked === undefined || allowed === 'none' || (asked === 'read_write' && allowed === 'read') ? allowed : asked;
    const session = words.find((word) => word.startsWith('session:'))?.slice('session:'.length);
    const expires = Number(words.find((word) => word.startsWith('expires:'))?.slice('expires:'.length) ?? TOKEN_SECONDS);
    if (!(expires > 0) || expires > 31_536_000) throw invalidParam('scope', 'expires must be a number of seconds');
    const expiresUs = this.#nowUs() + expires * 1e6;
    if (session !== undefined) this.#enterSession(key.key, session, expiresUs);
    const bound = session === undefined && connection !== undefined;
    const name = session === undefined ? 'connection' : `session:${session}`;
    return {
      account: key.account, keyId: key.key, trade, connection: bound ? connection : undefined, session, expiresUs,
      scope: `account:read block_trade:none ${name} mainaccount trade:${trade} wallet:read`,
    };
  }

  #enterSession(key: string, name: string, expiresUs: number): void {
    let sessions = this.#sessions.get(key);
    if (sessions === undefined) {
      sessions = new Map();
      this.#sessions.set(key, sessions);
    }
    for (const [other, untilUs] of sessions) if (untilUs <= this.#nowUs()) sessions.delete(other);
    if (!sessions.has(name) && sessions.size >= MOST_SESSIONS) throw new DeribitError('forbidden', { reason: `more than ${MOST_SESSIONS} sessions` });
    sessions.set(name, Math.max(expiresUs, sessions.get(name) ?? 0));
  }

  #issue(grant: Grant, state: string | undefined): TokenAnswer {
    const nowUs = this.#nowUs();
    // The oldest go first: a client that never uses its tokens cannot fill the process.
    while (this.#tokens.size >= MOST_TOKENS) this.#tokens.delete(this.#tokens.keys().next().value!);
    while (this.#refresh.size >= MOST_TOKENS) this.#refresh.delete(this.#refresh.keys().next().value!);
    const access = token();
    const refresh = token();
    this.#tokens.set(access, grant);
    this.#refresh.set(refresh, { grant, expiresUs: nowUs + REFRESH_SECONDS * 1e6 });
    return {
      access_token: access, refresh_token: refresh, expires_in: Math.round((grant.expiresUs - nowUs) / 1e6), scope: grant.scope, token_type: 'bearer', enabled_features: [],
      sid: token(), ...(state === undefined ? {} : { state }),
    };
  }
}

const token = (): string => randomBytes(24).toString('base64url');

function same(sent: string, expected: string): boolean {
  const a = Buffer.from(sent);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
