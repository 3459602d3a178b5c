import { createHmac, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { accountId, FIRST_CLIENT_ACCOUNT, type AccountId } from '../../../actors/exchange/ids.js';

export type KeyKind = 'hmac' | 'rsa' | 'ed25519';
export const PERMISSIONS = ['read', 'spot', 'futures', 'options', 'withdraw'] as const;
/** What a key may do; `read` covers every question about the account. */
export type KeyPermission = (typeof PERMISSIONS)[number];
export type BalancesOf = 'spot' | 'usdm' | 'options' | 'deribit';

/** One API key of an account. */
export interface AccountKey {
  readonly kind: KeyKind;
  readonly key: string;
  readonly account: AccountId;
  readonly permissions: ReadonlySet<KeyPermission>;
  /** Addresses that may use it; undefined = any. */
  readonly ips: readonly string[] | undefined;
  /** HMAC: the shared secret. Others: the private key as PEM where the exchange made it, undefined where the client keeps it. */
  readonly secret: string | undefined;
  /** RSA and Ed25519: what signatures are checked with. */
  readonly publicKey: KeyObject | undefined;
}

/** Commission of a share of what is traded, as decimals; a negative one is a rebate. */
export interface CommissionTexts {
  readonly maker: string;
  readonly taker: string;
}

/** What holds for one account on spot alone. */
export interface SpotTermTexts {
  /** Orders of accounts with the same number do not trade with each other. */
  readonly tradeGroupId?: number | undefined;
  /** MAX_ASSET filters: the most of an asset that one order may be about, as decimals. */
  readonly maxAsset: Readonly<Record<string, string>>;
}

/** A client of the exchange, with what it owns when the venue opens. Amounts are decimal texts by asset. */
export interface Account {
  readonly id: AccountId;
  readonly name: string;
  readonly keys: readonly AccountKey[];
  readonly balances: Readonly<Record<BalancesOf, Readonly<Record<string, string>>>>;
  /** Where it pays other commissions than everybody. */
  readonly commissions?: Readonly<Partial<Record<'spot' | 'usdm', CommissionTexts>>>;
  readonly spotTerms?: SpotTermTexts;
}

/** Everybody who has an account here. */
export class Accounts {
  readonly all: readonly Account[];
  readonly #byKey = new Map<string, AccountKey>();
  readonly #byId = new Map<AccountId, Account>();

  constructor(all: readonly Account[]) {
    this.all = all;
    for (const account of all) {
      this.#byId.set(account.id, account);
      for (const key of account.keys) this.#byKey.set(key.key, key);
    }
  }

  /** The key a client sent; undefined when nobody has it. Deribit's client id is the HMAC key. */
  key(text: string): AccountKey | undefined {
    return this.#byKey.get(text);
  }

  account(id: AccountId): Account | undefined {
    return this.#byId.get(id);
  }
}

const EVERYTHING: ReadonlySet<KeyPermission> = new Set(['read', 'spot', 'futures', 'options']);
const RSA_BITS = 2048;

/** What a demo account owns: enough of everything to try the largest orders, and some of every listed base asset. */
export function demoBalances(bases: readonly { readonly base: string; readonly startPrice: number }[]): Account['balances'] {
  const coins: Record<string, string> = {};
  for (const { base, startPrice } of bases) coins[base] = String(Math.ceil(200_000 / startPrice));
  return {
    spot: { USDT: '1000000', ...coins },
    usdm: { USDT: '1000000' },
    options: { USDT: '1000000' },
    deribit: { BTC: '10', ETH: '100', USDC: '100000' },
  };
}

/**
 * Demo accounts. HMAC and Ed25519 keys come from the seed, so that a script may know them before; the first account has an RSA pair too,
 * made anew each time, as node makes none from a seed.
 */
export async function demoAccounts(count: number, seed: number, balances: Account['balances']): Promise<readonly Account[]> {
  const rsa = await rsaKey();
  return Array.from({ length: count }, (_none, at) => {
    const id = accountId(FIRST_CLIENT_ACCOUNT + at);
    const name = `demo-${at + 1}`;
    const common = { account: id, permissions: EVERYTHING, ips: undefined };
    const keys: AccountKey[] = [
      { ...common, kind: 'hmac', key: keyText(seed, `${name} hmac`), secret: keyText(seed, `${name} secret`), publicKey: undefined },
      { ...common, kind: 'ed25519', key: keyText(seed, `${name} ed25519`), ...ed25519Key(seed, name) },
    ];
    if (at === 0) keys.push({ ...common, kind: 'rsa', key: keyText(seed, `${name} rsa`), ...rsa });
    return { id, name, keys, balances };
  });
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 64 letters and digits, as the venue's keys and secrets look. */
function keyText(seed: number, what: string): string {
  const bytes = [0, 1].flatMap((half) => [...createHmac('sha256', `faultline exchange ${seed}`).update(`${what} ${half}`).digest()]);
  return bytes.map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** PKCS #8 of an Ed25519 private key, up to its 32 bytes (RFC 8410). */
const ED25519_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

function ed25519Key(seed: number, name: string): { secret: string; publicKey: KeyObject } {
  const bytes = createHmac('sha256', `faultline exchange ${seed}`).update(`${name} ed25519 private`).digest();
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PREFIX, bytes]), format: 'der', type: 'pkcs8' });
  return { secret: pem(key), publicKey: createPublicKey(key) };
}

async function rsaKey(): Promise<{ secret: string; publicKey: KeyObject }> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  return { secret: pem(privateKey), publicKey };
}

function pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}
