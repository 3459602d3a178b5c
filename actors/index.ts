export * from './market/messages.js';
export * from './venue/messages.js';
export * from './journal/decision.js';
