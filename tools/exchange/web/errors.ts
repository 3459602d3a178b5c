import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { Family } from './params.js';

/*
 * The protocol's own refusals, with the texts of the venue's errors.md. What an engine refuses (-2010, -2011, filters) has its texts
 * beside the engine.
 */

export const unknownError = (): VenueError => new VenueError(-1000, 'An unknown error occurred while processing the request.', { status: 500 });
export const missing = (name: string): VenueError => new VenueError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
export const missingBoth = (one: string, other: string): VenueError => new VenueError(-1102, `Param '${one}' or '${other}' must be sent, but both were empty/null!`);
export const tooGreat = (name: string, most: number): VenueError => new VenueError(-1102, `'${name}' contains unexpected value. Cannot be greater than ${most}.`);
export const illegalChars = (name: string, range: string): VenueError => new VenueError(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`);
export const illegalAnywhere = (): VenueError => new VenueError(-1100, 'Illegal characters found in a parameter.');
export const duplicateParameter = (): VenueError => new VenueError(-1101, 'Duplicate values for a parameter detected.');
export const tooManyParameters = (): VenueError => new VenueError(-1101, 'Too many parameters sent for this endpoint.');
export const unreadParameters = (read: number, sent: number): VenueError =>
  new VenueError(-1104, `Not all sent parameters were read; read '${read}' parameter(s) but was sent '${sent}'.`);
export const emptyParameter = (name: string): VenueError => new VenueError(-1105, `Parameter '${name}' was empty.`);
export const notRequired = (name: string): VenueError => new VenueError(-1106, `Parameter '${name}' sent when not required.`);
export const overflowed = (name: string): VenueError => new VenueError(-1108, `Parameter '${name}' overflowed.`);
export const tooPrecise = (name: string, family: Family = 'spot'): VenueError =>
  new VenueError(-1111, family === 'spot' ? `Parameter '${name}' has too much precision.` : 'Precision is over the maximum defined for this asset.');
export const invalidData = (name: string): VenueError => new VenueError(-1130, `Data sent for parameter '${name}' is not valid.`);
export const invalidJson = (name: string): VenueError => new VenueError(-1135, `JSON sent for parameter '${name}' is not valid`);
export const invalidJsonRequest = (): VenueError => new VenueError(-1135, 'Invalid JSON Request');
export const invalidTimeUnit = (): VenueError => new VenueError(-1194, 'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.');

export const windowTooLong = (family: Family): VenueError =>
  family === 'spot' ? tooGreat('recvWindow', 60_000) : new VenueError(-1131, 'recvWindow must be less than 60000');
export const outsideWindow = (): VenueError => new VenueError(-1021, 'Timestamp for this request is outside of the recvWindow.');
export const aheadOfServer = (): VenueError => new VenueError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.");
export const badSignature = (): VenueError => new VenueError(-1022, 'Signature for this request is not valid.');
export const badKeyFormat = (): VenueError => new VenueError(-2014, 'API-key format invalid.', { status: 401 });
/** Futures name the address that asked. */
export const rejectedKey = (futuresIp?: string): VenueError =>
  new VenueError(-2015, `Invalid API-key, IP, or permissions for action${futuresIp === undefined ? '.' : `, request ip: ${futuresIp}`}`, { status: 401 });
export const noListenKey = (): VenueError => new VenueError(-1125, 'This listenKey does not exist.');
export const subscriptionActive = (): VenueError => new VenueError(-2035, 'User Data Stream subscription already active.');
export const subscriptionInactive = (): VenueError => new VenueError(-2036, 'User Data Stream subscription not active.');
export const subscriptionIdsUsedUp = (): VenueError => new VenueError(-2042, 'Maximum subscription ID reached for this connection.');

/** Status unknown: the order may have been taken. Troubles answer with these. */
export const unexpectedResponse = (): VenueError =>
  new VenueError(-1006, 'An unexpected response was received from the message bus. Execution status unknown.', { status: 500 });
export const backendTimeout = (): VenueError =>
  new VenueError(-1007, 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.', { status: 504 });
export const serverBusy = (): VenueError =>
  new VenueError(-1008, 'Server is currently overloaded with other requests. Please try again in a few minutes.', { status: 503 });
