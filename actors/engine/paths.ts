/** Addresses in the engine's tree, see docs/engine.md. `/journal`, `/market/…` and `/trading/strategies/…` are those of any session. */
export const FEEDS_PATH = '/feeds';
export const CLOCK_PATH = '/venue/clock';
export const RULES_PATH = '/venue/rules';
export const SIGNER_PATH = '/venue/signer';
export const LIMITS_PATH = '/venue/limits';
export const BREAKERS_PATH = '/venue/breakers';
export const GATEWAY_PATH = '/venue/gateway';
export const USER_STREAM_PATH = '/venue/user';
export const RISK_PATH = '/trading/risk';
export const TRUTH_PATH = '/trading/truth';
export const LEDGER_PATH = '/trading/ledger';
export const ORDERS_PATH = '/trading/orders';
export const GUARD_PATH = '/trading/guard';
export const OPERATOR_PATH = '/operator';
/** Of any session's account, so of the engine's too. */
export const ACCOUNT_PATH = '/trading/account';

/** Who is told when the store can write no more. */
export const STORE_FAILURE_LISTENERS: readonly string[] = [OPERATOR_PATH, ORDERS_PATH];
