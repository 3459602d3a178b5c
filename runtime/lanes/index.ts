export { LaneHost, type LaneHostOptions, type LaneStatus } from './host.js';
export { Bell } from './bell.js';
export { describeFailure, LaneError, type LaneEnd, type LaneFailure, type LaneFailureKind } from './failure.js';
export { LaneThread, type LaneState } from './lane-thread.js';
export { LanePool, type LanePoolOptions } from './pool.js';
export type { LaneLink, LaneProgram, LaneSpec, LaneWork } from './program.js';
export type { ResourceLimits } from './slot.js';
