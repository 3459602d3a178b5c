import { type Row, SORTS, type ViewState } from './view.js';

/** A key as Node's readline tells it. */
export interface Key {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
}

export type Pressed = { readonly do: 'show'; readonly view: ViewState } | { readonly do: 'quit' } | { readonly do: 'suspend' };

const MOST_FILTER = 60;

/** What a key does to the view. `rows`: as they are shown; `page`: how many of them are in sight. */
export function press(view: ViewState, key: Key, rows: readonly Row[], page: number): Pressed {
  if (key.ctrl === true && key.name === 'c') return { do: 'quit' };
  if (key.ctrl === true && key.name === 'z') return { do: 'suspend' };
  const show = (changed: Partial<ViewState>): Pressed => ({ do: 'show', view: { ...view, ...changed } });
  if (view.help) return show({ help: false });
  if (view.typing) return typed(view, key, show);
  const at = Math.max(0, rows.findIndex(({ key: own }) => own === view.selected));
  const select = (to: number): Pressed => show({ selected: rows[Math.max(0, Math.min(rows.length - 1, to))]?.key ?? null });
  const row = rows[at];
  const name = key.name ?? '';
  switch (name === '' || name.length > 1 ? name || key.sequence : key.sequence) {
    case 'q': return { do: 'quit' };
    case 'up': case 'k': return select(at - 1);
    case 'down': case 'j': return select(at + 1);
    case 'pageup': return select(at - page);
    case 'pagedown': return select(at + page);
    case 'home': case 'g': return select(0);
    case 'end': case 'G': return select(rows.length - 1);
    case 'left': case 'h': return row?.folds === true && !row.isFolded ? show({ collapsed: with_(view.collapsed, row.key) }) : select(above(rows, at));
    case 'right': case 'l': return row?.isFolded === true ? show({ collapsed: without(view.collapsed, row.key) }) : select(at + 1);
    case 'space': case ' ': case 'return': return row?.folds === true ? show({ collapsed: row.isFolded ? without(view.collapsed, row.key) : with_(view.collapsed, row.key) }) : show({});
    case '-': return show({ collapsed: new Set([...view.collapsed, ...rows.filter(({ folds, actor }) => folds && actor !== null && actor.depth > 0).map(({ key: own }) => own)]) });
    case '+': return show({ collapsed: new Set() });
    case 's': return show({ sort: SORTS[(SORTS.indexOf(view.sort) + 1) % SORTS.length]!, top: 0 });
    case '/': return show({ typing: true, filter: '' });
    case '?': return show({ help: true });
    case 'escape': return show({ filter: '' });
    default: return show({});
  }
}

function typed(view: ViewState, { name, sequence = '', ctrl, meta }: Key, show: (changed: Partial<ViewState>) => Pressed): Pressed {
  switch (name) {
    case 'return': case 'enter': return show({ typing: false });
    case 'escape': return show({ typing: false, filter: '' });
    case 'backspace': return show({ filter: view.filter.replace(/.$/su, '') });
    default: return ctrl === true || meta === true || sequence < ' ' || sequence === '\u007f' || view.filter.length >= MOST_FILTER || !/^.$/su.test(sequence) ? show({}) : show({ filter: view.filter + sequence });
  }
}

/** The row that the one at `at` lies below. */
function above(rows: readonly Row[], at: number): number {
  const depth = rows[at]?.actor?.depth ?? -1;
  for (let row = at - 1; row >= 0; row -= 1) if ((rows[row]!.actor?.depth ?? -1) < depth) return row;
  return at;
}

const with_ = (set: ReadonlySet<string>, key: string): ReadonlySet<string> => new Set([...set, key]);
function without(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const copy = new Set(set);
  copy.delete(key);
  return copy;
}
