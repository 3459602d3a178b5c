import { signal } from '@preact/signals';

export type Connection =
  | { readonly state: 'no-token' }
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  /** It is being tried again. */
  | { readonly state: 'lost' }
  /** The token is not (or no longer) the server's: another start has another one. */
  | { readonly state: 'refused'; readonly problem: string };

export const connection = signal<Connection>({ state: 'connecting' });
