import type { AccountId } from '../../../actors/exchange/ids.js';
import type { Accounts, KeyPermission } from './accounts.js';
import { KeyStore, type Permission } from '../web/index.js';

/** The account of a face's caller: faces know accounts by the text of their number. */
export const accountName = (id: AccountId): string => String(id);
export const accountOf = (name: string): AccountId => Number(name) as AccountId;

/** The keys of all accounts as one product's faces check them: reading is one right for all products, trading one each. */
export function keyStoreOf(accounts: Accounts, trading: KeyPermission): KeyStore {
  const store = new KeyStore();
  for (const { id, keys } of accounts.all) {
    for (const key of keys) {
      const permissions: Permission[] = ['MARKET_DATA'];
      if (key.permissions.has('read')) permissions.push('USER_DATA', 'USER_STREAM');
      if (key.permissions.has(trading)) permissions.push('TRADE');
      store.add({
        id: key.key, account: accountName(id), permissions, ips: key.ips ?? [],
        ...(key.kind === 'hmac' ? { secret: key.secret ?? '' } : { publicKeyPem: String(key.publicKey?.export({ type: 'spki', format: 'pem' })) }),
      });
    }
  }
  return store;
}
