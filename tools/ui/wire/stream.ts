/** What page and server say to each other on the websocket, one JSON text a message. */

/** The websocket's subprotocol; the second one that a page offers is `token.` and the token, so that nobody is let in without. */
export const STREAM_PROTOCOL = 'faultline.ui.1';
export const TOKEN_PROTOCOL = 'token.';

/** From the page. `id` is the page's own number of a subscription; it is not used again within a connection. */
export type StreamRequest =
  | { readonly id: number; readonly subscribe: string; readonly params: unknown }
  | { readonly id: number; readonly unsubscribe: true };

/** To the page. After `error` the subscription is over; `dropped` tells of values that were not sent because the page read too slowly. */
export type StreamMessage =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly dropped: number }
  | { readonly id: number; readonly error: string };

/** Every answer that is no success has this body. `problem` is a sentence with the way out. */
export interface ApiProblem {
  readonly problem: string;
}

/** Header of the second token, without which nothing is changed. */
export const ACTION_HEADER = 'x-faultline-action';
