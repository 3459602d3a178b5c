/** The chart of a state machine as drawn, and an actor that stands in it. Lengths are CSS pixels, absolute in the drawing. */

/** One line of text inside a state. */
export interface ChartLine {
  readonly text: string;
  /** The same in full where `text` is cut. */
  readonly full: string;
  /** `inner`: a transition that stays in the state; `more`: how many lines were left out. */
  readonly kind: 'entry' | 'exit' | 'invoke' | 'defers' | 'inner' | 'more';
  /** Place of the transition of an `inner` line. */
  readonly transition: number | null;
  /** Baseline, from the state's top. */
  readonly y: number;
}

export interface ChartBox {
  /** Place of the state in the chart; of an `initial` dot, that of the state it stands in. */
  readonly state: number;
  readonly shape: 'state' | 'region' | 'parallel' | 'final' | 'history' | 'initial';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** What a screen reader says, and the tooltip. */
  readonly full: string;
  readonly lines: readonly ChartLine[];
}

export interface ChartLabel {
  readonly text: string;
  readonly full: string;
  /** Place of the transition; -1: how many more the arrow stands for. */
  readonly transition: number;
}

/** An arrow: all transitions from one state to another. */
export interface ChartArrow {
  readonly transitions: readonly number[];
  readonly source: number;
  readonly target: number;
  /** Polylines, each at least two points. */
  readonly paths: readonly (readonly (readonly [number, number])[])[];
  readonly labels: readonly ChartLabel[];
  readonly labelBox: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | null;
}

export interface ChartGeometry {
  /** Of the chart that it draws. */
  readonly digest: string;
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Outer ones first. */
  readonly boxes: readonly ChartBox[];
  readonly arrows: readonly ChartArrow[];
  /** By place: a state's name without the machine's, and each transition in a few words. */
  readonly stateNames: readonly string[];
  readonly transitionNames: readonly string[];
  /** What the bounds left out, as a sentence; null of an ordinary machine. */
  readonly note: string | null;
}

export const CHART_FONT = { size: 11, charWidth: 6.62, lineHeight: 15, titleSize: 12, titleCharWidth: 7.23, headerHeight: 24, inset: 10 } as const;

/** One transition that could have been taken, and what its guard says. */
export interface MachineCandidate {
  readonly transition: number;
  readonly guard: string | null;
  readonly outcome: 'passes' | 'fails' | 'threw';
  readonly error?: string;
}

export interface MachineChange {
  readonly path: readonly (string | number)[];
  readonly before?: unknown;
  readonly after?: unknown;
}

export type MachineOutcome = 'start' | 'taken' | 'refused' | 'forbidden' | 'deferred' | 'aside' | 'handled' | 'threw' | 'unexamined';

export interface MachineEvent {
  readonly seq: number;
  readonly atUs: number;
  readonly incarnation: number;
  readonly type: string;
  readonly outcome: MachineOutcome;
  readonly payload: unknown;
  readonly before: unknown;
  readonly after: unknown;
  readonly taken: readonly number[];
  readonly candidates: readonly MachineCandidate[];
  readonly waiting: readonly MachineCandidate[];
  readonly changes: readonly MachineChange[];
  readonly moreChanges: boolean;
  readonly error: string | null;
}

/** Where an actor stands in its chart. What the verb `machine` answers, without the chart. */
export interface MachineView {
  readonly path: string;
  readonly atUs: number;
  readonly behaviour: { readonly name: string; readonly version: number } | null;
  readonly kind: 'machine' | 'reducer' | 'supervisor';
  readonly state: string;
  readonly incarnation: number;
  /** Of its chart; null where there is none. */
  readonly digest: string | null;
  readonly value: unknown;
  readonly active: readonly number[];
  readonly status: string | null;
  readonly context: unknown;
  /** The probe began then; 0 when there is none. */
  readonly sinceUs: number;
  readonly seen: number;
  readonly unexamined: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly events: readonly MachineEvent[];
  /** What of it is not exact, as a sentence. */
  readonly note?: string;
}

/** What the topic `machine` pushes: the actor, or why it cannot be seen now. */
export type MachineNews =
  | { readonly kind: 'view'; readonly view: MachineView }
  | { readonly kind: 'gone'; readonly reason: string };
