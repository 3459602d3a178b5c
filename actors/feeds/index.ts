export { booksBehaviour, type BooksInput, type BooksMessage } from './books.js';
export { clockBehaviour, offsetOf, type ClockInput, type ClockMessage } from './clock.js';
export { feedBehaviour, type FeedInput, type FeedMessage } from './feed.js';
export { healthBehaviour, type HealthInput, type HealthMessage } from './health.js';
export * from './messages.js';
export { productOf, REST_PATHS } from './products.js';
export { decodeRules, type DecodedRules } from './rules/decode.js';
export { rulesBehaviour, type RulesInput, type RulesMessage } from './rules/rules.js';
export { feedPlans, requiredClasses, streamName, streamPath, type FeedPlan } from './streams.js';
