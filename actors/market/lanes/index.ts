export { Lane } from './lane.js';
export type { LaneInput, LanePost, LaneSurroundings } from './lane.js';
export { LaneFeed } from './lane-feed.js';
export type { LaneConnection } from './lane-feed.js';
export { LaneGroup } from './lane-group.js';
export type { LaneGroupOptions } from './lane-group.js';
