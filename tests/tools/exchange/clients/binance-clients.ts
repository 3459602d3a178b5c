import { DefaultLogger, type WebsocketClient } from 'binance';
import { Heard } from './waiting.js';

/** The client's own logger writes to the console. */
export const SILENT: typeof DefaultLogger = { ...DefaultLogger, trace: () => {}, info: () => {}, error: () => {} };

/** A message of one of the client's sockets, by its letters on the wire. */
export type Message = Readonly<Record<string, unknown>>;

export function listen(client: WebsocketClient): Heard<Message> {
  const heard = new Heard<Message>();
  client.on('message', (message) => heard.hear(message as unknown as Message));
  // Without a listener it would throw; refusals reject the request they belong to.
  client.on('exception', () => {});
  return heard;
}

/** How the client's REST refusals look: it throws plain objects, not errors. */
export interface Refused {
  readonly code: number;
  readonly message: string;
  readonly body: { readonly code: number; readonly msg: string };
}

/** What a refused request rejects with. */
export async function refused(request: Promise<unknown>): Promise<Refused> {
  return request.then((answer) => { throw new Error(`nothing was refused: ${JSON.stringify(answer)}`); }, (error: unknown) => error as Refused);
}
