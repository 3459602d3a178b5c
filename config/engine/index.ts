export * from './engine.js';
export * from './feeds.js';
export * from './gateway.js';
export * from './orders.js';
export * from './risk.js';
export * from './truth.js';
