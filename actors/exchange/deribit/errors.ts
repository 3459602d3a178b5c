/** The errors of Deribit's API: JSON-RPC's own and the platform's, with the platform's codes and texts. */
import { VenueError } from '../venue-error.js';

const ERRORS = {
  parse_error: [-32700, 'Parse error'],
  invalid_request: [-32600, 'Invalid Request'],
  method_not_found: [-32601, 'Method not found'],
  invalid_params: [-32602, 'Invalid params'],
  error: [10001, 'error'],
  order_not_found: [10004, 'order_not_found'],
  price_too_low: [10005, 'price_too_low'],
  price_too_high: [10007, 'price_too_high'],
  not_enough_funds: [10009, 'not_enough_funds'],
  invalid_amount: [10021, 'invalid_amount'],
  too_many_requests: [10028, 'too_many_requests'],
  not_owner_of_order: [10029, 'not_owner_of_order'],
  must_be_websocket_request: [10030, 'must_be_websocket_request'],
  not_implemented: [10033, 'not_implemented'],
  retry: [10040, 'retry'],
  price_wrong_tick: [10043, 'price_wrong_tick'],
  trigger_price_wrong_tick: [10044, 'trigger_price_wrong_tick'],
  already_filled: [11008, 'already_filled'],
  other_reject: [11030, 'other_reject'],
  no_more_triggers: [11035, 'no_more_triggers'],
  invalid_trigger_price: [11036, 'invalid_trigger_price'],
  not_open_order: [11044, 'not_open_order'],
  unsupported_arg_combination: [11047, 'unsupported_arg_combination'],
  system_maintenance: [11051, 'system_maintenance'],
  invalid_reduce_only_order: [11055, 'invalid_reduce_only_order'],
  post_only_reject: [11054, 'post_only_reject'],
  invalid_credentials: [13004, 'invalid_credentials'],
  unauthorized: [13009, 'unauthorized'],
  forbidden: [13021, 'forbidden'],
  raw_subscriptions_not_available_for_unauthorized: [13778, 'raw_subscriptions_not_available_for_unauthorized'],
} as const satisfies Record<string, readonly [number, string]>;

export type DeribitErrorName = keyof typeof ERRORS;

/** An error answer: `code` and `message` of the platform, `data` with what it says of the reason. */
export class DeribitError extends VenueError {
  declare readonly data: Readonly<Record<string, unknown>> | undefined;

  constructor(name: DeribitErrorName, data?: Readonly<Record<string, unknown>>, detail?: string) {
    super(ERRORS[name][0], detail === undefined ? ERRORS[name][1] : `${ERRORS[name][1]} ${detail}`, data === undefined ? {} : { data });
    this.name = 'DeribitError';
  }
}

/** The error member of an answer. */
export const errorView = ({ code, message, data }: VenueError): Readonly<Record<string, unknown>> => ({ message, ...(data === undefined ? {} : { data }), code });

/** -32602 naming the parameter and what is wrong with it. */
export const invalidParam = (param: string, reason: string): DeribitError => new DeribitError('invalid_params', { reason, param });
