import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { parseAmount } from '../../../actors/exchange/ledger/index.js';
import { accountId, FIRST_CLIENT_ACCOUNT } from '../../../actors/exchange/ids.js';
import { checkToml } from '../../../config/index.js';
import { CliError } from '../../cli/errors.js';
import { readText } from '../../cli/read-text.js';
import { PERMISSIONS, type Account, type AccountKey } from './accounts.js';

const keyText = z.string().regex(/^[A-Za-z0-9]{64}$/, 'an API key is 64 letters and digits');
const secretText = z.string().regex(/^[A-Za-z0-9_-]{8,128}$/, 'a secret is 8 to 128 letters, digits, - and _');
const amounts = z.record(z.string().regex(/^[A-Z0-9]{2,20}$/, 'an asset is written in capitals'), z.string().refine((text) => parseAmount(text) !== undefined && !text.startsWith('-'), 'an amount is a text such as "1000.5"')).default({});
const permissions = z.array(z.enum(PERMISSIONS)).default(['read', 'spot', 'futures', 'options']);
const rate = z.string().regex(/^-?0(\.\d{1,8})?$/, 'a commission is a share such as "0.001"; a rebate has a minus before it');
const commission = z.strictObject({ maker: rate, taker: rate }).optional();
const ips = z.array(z.string().min(3)).min(1).optional();
const schema = z.strictObject({
  account: z.array(z.strictObject({
    name: z.string().min(1).max(64),
    keys: z.array(z.union([
      z.strictObject({ key: keyText, secret: secretText, permissions, ips }),
      z.strictObject({ key: keyText, publicKey: z.string(), permissions, ips }),
    ])).min(1),
    spot: amounts, usdm: amounts, options: amounts, deribit: amounts,
    tradeGroupId: z.int().min(0).optional(), maxAsset: amounts,
    commissions: z.strictObject({ spot: commission, usdm: commission }).default({}),
  })).max(10_000).default([]),
});

const MAX_BYTES = 16 << 20;

/** Reads `--accounts FILE`. @throws ConfigError, CliError when it cannot be read or says what cannot be. */
export function readAccounts(file: string): readonly Account[] {
  const text = readText(file);
  if (text.length > MAX_BYTES) throw new CliError('badInput', `${file} is larger than ${MAX_BYTES >> 20} MiB`);
  const { value } = checkToml(text, file, schema);
  if (value.account.length === 0) throw new CliError('configuration', `${file} lists no account`, 'begin one with [[account]]; docs/exchange.md has an example');
  const taken = new Set<string>();
  return value.account.map(({ name, keys, spot, usdm, options, deribit, commissions, tradeGroupId, maxAsset }, at) => {
    const id = accountId(FIRST_CLIENT_ACCOUNT + at);
    return {
      id, name, balances: { spot, usdm, options, deribit },
      spotTerms: { tradeGroupId, maxAsset },
      commissions: { ...(commissions.spot === undefined ? {} : { spot: commissions.spot }), ...(commissions.usdm === undefined ? {} : { usdm: commissions.usdm }) },
      keys: keys.map((key): AccountKey => {
        if (taken.has(key.key)) throw new CliError('configuration', `${file}: account ${name} has a key that another one has already`);
        taken.add(key.key);
        const common = { key: key.key, account: id, permissions: new Set(key.permissions), ips: key.ips };
        return 'secret' in key ? { ...common, kind: 'hmac', secret: key.secret, publicKey: undefined } : { ...common, secret: undefined, ...publicKeyOf(key.publicKey, `${file}: account ${name}`) };
      }),
    };
  });
}

function publicKeyOf(pem: string, where: string): { kind: 'rsa' | 'ed25519'; publicKey: KeyObject } {
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey(pem);
  } catch {
    throw new CliError('configuration', `${where} has a publicKey that is no PEM of a public key`);
  }
  const kind = publicKey.asymmetricKeyType;
  if (kind !== 'rsa' && kind !== 'ed25519') throw new CliError('configuration', `${where} has a public key of the kind ${kind}`, 'RSA and Ed25519 are known');
  return { kind, publicKey };
}
