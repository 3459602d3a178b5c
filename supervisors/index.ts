export * from './market-session.js';
