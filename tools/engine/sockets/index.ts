export { NO_SECRETS, type SecretDesk, type SocketAddresses, type SocketDoor, type SocketOrigins } from './door.js';
export { MarketIntake } from './market-intake.js';
export { MarketSocket } from './market-socket.js';
export { Sockets, type SocketsOptions } from './sockets.js';
export { socketPart } from './part.js';
