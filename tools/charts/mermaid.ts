import type { ChartModel } from '../../runtime/index.js';
import { stateName, transitionText } from './words.js';

/**
 * The chart as a Mermaid `stateDiagram-v2`. States have ids of their own (`s3`) and their names as descriptions, so that no name can be taken
 * for syntax. What the diagram has no form for stands in notes: transitions that stay or lead inside, entry and exit actions.
 */
export function mermaidOf(model: ChartModel): string {
  const { states, transitions } = model;
  const out = ['---', `title: ${JSON.stringify(plain(model.id))}`, '---', 'stateDiagram-v2'];
  const children = new Map<number | null, number[]>();
  for (const [place, { parent }] of states.entries()) children.set(parent, [...(children.get(parent) ?? []), place]);

  const declare = (place: number, depth: number): void => {
    const state = states[place]!;
    const pad = '  '.repeat(depth);
    const inner = children.get(place) ?? [];
    if (state.type === 'history') out.push(`${pad}state "${plain(state.history === 'deep' ? 'H*' : 'H')} ${plain(state.key)}" as s${place}`);
    else out.push(`${pad}state "${plain(state.key)}${state.type === 'final' ? ' (final)' : ''}" as s${place}${inner.length === 0 ? '' : ' {'}`);
    if (inner.length === 0) return;
    for (const [at, child] of inner.entries()) {
      if (state.type === 'parallel' && at > 0) out.push(`${pad}  --`);
      declare(child, depth + 1);
    }
    if (state.initial !== null) out.push(`${pad}  [*] --> s${state.initial}`);
    for (const child of inner) if (states[child]!.type === 'final') out.push(`${pad}  s${child} --> [*]`);
    out.push(`${pad}}`);
  };
  declare(0, 1);

  for (const transition of transitions) {
    for (const target of transition.targets) {
      if (!isInside(states, target, transition.source)) out.push(`  s${transition.source} --> s${target} : ${plain(transitionText(transition))}`);
    }
  }
  for (const [place, { type, entry, exit, invoke, defers }] of states.entries()) {
    const lines = [
      ...(entry.length > 0 ? [`entry / ${entry.join(', ')}`] : []),
      ...(exit.length > 0 ? [`exit / ${exit.join(', ')}`] : []),
      ...invoke.map((one) => `invoke ${one}`),
      ...(defers.length > 0 ? [`defer ${defers.join(', ')}`] : []),
      ...transitions.filter(({ source }) => source === place).flatMap((transition) => {
        const inner = transition.targets.filter((target) => isInside(states, target, place));
        if (transition.targets.length > 0 && inner.length === 0) return [];
        return [`${transitionText(transition)}${inner.length === 0 ? '' : ` → ${inner.map((target) => stateName(model, target)).join(', ')}`}`];
      }),
    ];
    if (lines.length === 0 || type === 'history') continue;
    out.push(`  note right of s${place}`, ...lines.map((line) => `    ${plain(line)}`), '  end note');
  }
  const { states: more, transitions: moreTransitions } = model.omitted;
  if (more + moreTransitions > 0) out.push(`  %% ${more} states and ${moreTransitions} transitions are beyond the bounds of a chart`);
  return `${out.join('\n')}\n`;
}

/** Mermaid draws no arrow from a state to one inside it. */
function isInside(states: ChartModel['states'], place: number, of: number): boolean {
  for (let at = states[place]?.parent ?? null; at !== null; at = states[at]!.parent) if (at === of) return true;
  return false;
}

/** Text that Mermaid's grammar reads as text: what could end it or begin something is written as a character code. */
function plain(text: string): string {
  return Array.from(text, (char) => (/[\p{L}\p{N} _.,/*()[\]=+\-…—→'!?&|]/u.test(char) ? char : `#${char.codePointAt(0)!};`)).join('').replaceAll('--', '- -');
}
