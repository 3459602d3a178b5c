export * from './engine.js';
export * from './gateway.js';
export * from './orders.js';
