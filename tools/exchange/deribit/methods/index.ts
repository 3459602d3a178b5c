import { MARKET_DATA } from './market-data.js';
import type { Method, MethodTable } from './method.js';
import { TRADING } from './trading.js';

export { API_VERSION } from './market-data.js';
export type { Method, PrivateCall, PublicCall } from './method.js';

const TABLE: MethodTable = { ...MARKET_DATA, ...TRADING };

/** A method that the engine answers; undefined = there is none of this name. */
export const methodNamed = (name: string): Method | undefined => (Object.hasOwn(TABLE, name) ? TABLE[name] : undefined);

/** Names of all methods that the engine answers. */
export const METHOD_NAMES: readonly string[] = Object.keys(TABLE);
