export * from './engine.js';
export * from './orders.js';
