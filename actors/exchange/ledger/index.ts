export { amount, type Amount, AMOUNT_DECIMALS, formatAmount, mulDiv, mustParseAmount, ONE, parseAmount, ZERO } from './amount.js';
export { asset, type Asset, type Balance, InsufficientFunds, Ledger } from './ledger.js';
