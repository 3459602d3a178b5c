export { ASK, BID, CLIENT, CROWD, OrderBook, type OrderBookOptions, type Side } from './order-book.js';
