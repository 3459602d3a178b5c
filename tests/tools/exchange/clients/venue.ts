import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Playground, type Served } from '../../../support/served.js';

/** Where clients reach a product. */
export interface Origins {
  readonly rest: string;
  readonly ws: string;
  readonly wsApi?: string;
}

/** What `faultline exchange --json` says when it is ready, as far as clients need it. */
export interface Ready {
  readonly spot: Origins;
  readonly usdm: Origins;
  readonly options: Origins;
  readonly deribit: Origins;
  readonly ca?: string;
}

/** What a client signs with. `secret` is the shared secret, or a private key as PEM. */
export interface Key {
  readonly key: string;
  readonly secret: string;
}

export type KeyName = 'hmac' | 'reader' | 'rsa' | 'ed25519';
export type AccountKeys = Readonly<Record<KeyName, Key>>;

/** A `faultline exchange` in a process of its own, with an account for each name: clients that trade at once do not meet in one. */
export class ClientVenue {
  readonly ready: Ready;
  readonly #playground: Playground;
  readonly #served: Served;
  readonly #accounts: ReadonlyMap<string, AccountKeys>;

  private constructor(playground: Playground, served: Served, accounts: ReadonlyMap<string, AccountKeys>) {
    this.#playground = playground;
    this.#served = served;
    this.#accounts = accounts;
    this.ready = JSON.parse(served.lines[0]!) as Ready;
  }

  static async open(names: readonly string[], ...more: readonly string[]): Promise<ClientVenue> {
    const playground = new Playground();
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { format: 'pem', type: 'spki' }, privateKeyEncoding: { format: 'pem', type: 'pkcs8' } });
    const accounts = new Map<string, AccountKeys>();
    const texts: string[] = [];
    for (const name of names) {
      const edwards = generateKeyPairSync('ed25519', { publicKeyEncoding: { format: 'pem', type: 'spki' }, privateKeyEncoding: { format: 'pem', type: 'pkcs8' } });
      const keys: AccountKeys = {
        hmac: { key: text(), secret: text() }, reader: { key: text(), secret: text() }, rsa: { key: text(), secret: privateKey }, ed25519: { key: text(), secret: edwards.privateKey },
      };
      accounts.set(name, keys);
      texts.push(`[[account]]
name = "${name}"
keys = [
  { key = "${keys.hmac.key}", secret = "${keys.hmac.secret}" },
  { key = "${keys.reader.key}", secret = "${keys.reader.secret}", permissions = ["read"] },
  { key = "${keys.rsa.key}", publicKey = """${publicKey}""" },
  { key = "${keys.ed25519.key}", publicKey = """${edwards.publicKey}""" },
]
spot = { USDT = "1000000", BTC = "10" }
usdm = { USDT = "1000000" }
options = { USDT = "1000000" }
deribit = { BTC = "10", ETH = "100", USDC = "100000" }
`);
    }
    writeFileSync(playground.at('accounts.toml'), texts.join('\n'));
    try {
      const served = playground.serve(['exchange', '--json', '--symbols', '2', '--accounts', playground.at('accounts.toml'), ...more]);
      await served.until(() => served.lines.length > 0, 'the ready line');
      return new ClientVenue(playground, served, accounts);
    } catch (error) {
      await playground.close();
      throw error;
    }
  }

  keys(account: string): AccountKeys {
    return this.#accounts.get(account)!;
  }

  /** Ends it as its operator would. @returns its exit code and what it said on stderr. */
  async close(): Promise<{ readonly code: number | null; readonly stderr: string }> {
    const { code } = await this.#served.kill('SIGTERM');
    const { stderr } = this.#served;
    await this.#playground.close();
    return { code, stderr };
  }
}

function text(): string {
  return randomBytes(32).toString('hex');
}
