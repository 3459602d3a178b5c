/** Where a market kernel can run, as `[lanes] placement` spells it. */
export const PLACEMENTS = ['inline', 'ring', 'socket'] as const;
export type PlacementName = (typeof PLACEMENTS)[number];
