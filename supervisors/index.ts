export * from './market-session.js';
export * from './lane-plan.js';
export * from './hosted-lanes.js';
export * from './exchange.js';
export * from './engine.js';
export * from './feeds.js';
export * from './desk.js';
export * from './venue-orders.js';
