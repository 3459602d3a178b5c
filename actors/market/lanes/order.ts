/**
 * The record of a live run's order: whatever depended on the moment. With the tape it determines every decision.
 *
 * turn     edges were merged: those of record `seq`, or of control `control` where that is not -1; everybody's clock was `clockUs`
 * clock    timers that were due by `clockUs` fired
 * control  the `number`th control sent took effect before record `seq`, at tape clock `clockUs`
 */
export type OrderEntry =
  | { readonly type: 'turn'; readonly seq: number; readonly control: number; readonly clockUs: number }
  | { readonly type: 'clock'; readonly clockUs: number }
  | { readonly type: 'control'; readonly number: number; readonly seq: number; readonly clockUs: number; readonly symbol: number };
