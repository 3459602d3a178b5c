export { RestClient, type Answered, type RestClientOptions } from './client.js';
export { SecretHandles } from './handles.js';
export { keysFromEnvironment, keysFromVenueLine, keyVariables } from './keys.js';
export { restPart, type RestPartOptions } from './part.js';
export { checkRights, type RightsCheck } from './restrictions.js';
export { asked, askedSigned, type StampClock } from './stamped.js';
export { deskOf, KeyVault, secretsOf, type MessageParams, type VenueSecrets } from './vault.js';
