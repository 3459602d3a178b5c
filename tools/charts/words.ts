import type { ChartModel, ChartTransition } from '../../runtime/index.js';

/** A state's id without the machine's: `ALERT.holding` of `detector.ALERT.holding`; of the root its own. */
export function stateName({ states }: ChartModel, place: number): string {
  const { id } = states[place]!;
  const prefix = `${states[0]!.id}.`;
  return id.startsWith(prefix) ? id.slice(prefix.length) : id;
}

/** What brings a transition about, as statecharts write it: `event [guard]`. */
export function causeText({ kind, event, guard }: ChartTransition): string {
  const cause = kind === 'event' ? event : kind === 'always' ? '' : kind === 'childDone' ? `done ${event}` : kind === 'childError' ? `error ${event}` : `${kind} ${event}`.trim();
  const condition = guard === null ? '' : `[${guard}]`;
  return [cause, condition].filter((part) => part !== '').join(' ') || 'always';
}

/** The same with the actions: `event [guard] / actions`. */
export function transitionText(transition: ChartTransition): string {
  const { actions, forbidden } = transition;
  return `${causeText(transition)}${forbidden ? ' (forbidden)' : ''}${actions.length === 0 ? '' : ` / ${actions.join(', ')}`}`;
}

/** A transition in a few words, such as `ALERT.holding —after confirm→ ACTIVE`. */
export function transitionName(model: ChartModel, place: number): string {
  const transition = model.transitions[place];
  if (transition === undefined) return 'a transition beyond the bounds of the chart';
  const { source, targets } = transition;
  return `${stateName(model, source)} —${causeText(transition)}→ ${targets.length === 0 ? 'stays' : targets.map((to) => stateName(model, to)).join(', ')}`;
}

export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
