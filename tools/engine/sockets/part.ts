import type { EngineDoor, EnginePart, VenueAccess } from '../parts.js';
import type { SecretDesk, SocketAddresses } from './door.js';
import { Sockets } from './sockets.js';

/** Origins of second feeds, by product; "" for none. */
export type SecondOrigins = Readonly<Partial<Record<keyof SocketAddresses, string>>>;

/** Origins of the venue as sockets take them. */
export function socketAddresses({ origins }: Pick<VenueAccess, 'origins'>, second: SecondOrigins = {}): SocketAddresses {
  const of = (product: keyof SocketAddresses): SocketAddresses['spot'] => {
    const { ws, wsApi } = origins[product];
    const other = second[product];
    return { ws: other === undefined || other === '' ? [ws] : [ws, other], wsApi: wsApi === undefined ? [] : [wsApi] };
  };
  return { spot: of('spot'), usdm: of('usdm'), options: of('options') };
}

/** The part of the host that carries out what the tree asks of sockets. */
export function socketPart(door: EngineDoor, access: VenueAccess, secrets?: SecretDesk, second?: SecondOrigins): EnginePart & { readonly sockets: Sockets } {
  const sockets = new Sockets(door, { addresses: socketAddresses(access, second), ca: access.ca, ...(secrets === undefined ? {} : { secrets }) });
  return { sockets, effects: sockets.effects, close: () => sockets.shutdown(), metrics: () => Object.fromEntries(Object.entries(sockets.metrics()).map(([name, value]) => [`sockets.${name}`, value])) };
}
