/** Where every node of the tree is drawn. Pure: the same tree has the same places, and a restart moves nobody. */

/** How large nodes are, in the plane's units. Where they are few they have a second line, for the state of a machine. */
export interface NodeSize {
  readonly w: number;
  readonly h: number;
  readonly lines: 1 | 2;
  /** Heights of the letters of names, and of badges. */
  readonly font: number;
  readonly badgeFont: number;
  readonly columnW: number;
  readonly rowH: number;
}

const SMALL: NodeSize = { w: 104, h: 20, lines: 1, font: 11, badgeFont: 9, columnW: 160, rowH: 26 };
const ROOMY: readonly NodeSize[] = [
  { w: 140, h: 44, lines: 2, font: 14, badgeFont: 12, columnW: 180, rowH: 54 },
  { w: 120, h: 34, lines: 2, font: 12, badgeFont: 10, columnW: 152, rowH: 40 },
];
/** Fewer actors than this may have larger nodes. */
const FEW = 60;
/** The part of a usual screen that the drawing has; which size reads best there is chosen, whatever window it is: a window that is moved moves no node. */
const SCREEN = { width: 690, height: 660, scale: 1.6 };
/** What a second line is worth besides larger letters. */
const SECOND_LINE = 1.15;
/** From the right side of a supervisor to the trunk that its children hang on. */
const TRUNK = 14;
const GRID_GAP_X = 8;
const GRID_LINE = 5;
/** So many leaves in a row become a block. */
const GRID_FROM = 7;
/** Blocks are so many times as wide as high: whichever makes the whole tree most like a screen. */
const BLOCK_ASPECTS = [0.9, 1.8, 4, 8, 16] as const;
/** The form of blocks is chosen again when there are so many times as many nodes, or as few. */
const OTHER_SIZE = 1.5;
const BLOCK_GAP = 8;

export interface LayoutTree {
  readonly count: number;
  /** Place of the parent of each node, -1 for the first; a parent comes before its children. */
  readonly parents: ArrayLike<number>;
  readonly pathOf: (at: number) => string;
  /** Its children are not shown. */
  readonly isCollapsed: (at: number) => boolean;
}

export interface Layout {
  readonly count: number;
  readonly size: NodeSize;
  /** 1: it has a place. 0: something above it is collapsed. */
  readonly shown: Uint8Array;
  /** Left upper corner of each node. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Where the trunk of its supervisor leaves for it, and where its own line ends; see `edgePoint`. */
  readonly trunkX: Float32Array;
  readonly busY: Float32Array;
  readonly endX: Float32Array;
  /** 1: it stands in a block, and its line comes from above. */
  readonly inBlock: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Places in blocks that children keep for as long as they are there: one that goes leaves a hole, and the next one to come fills it. */
export class Slots {
  readonly #blocks = new Map<string, (string | null)[]>();
  #form: Form = { aspect: BLOCK_ASPECTS[0], size: SMALL };
  #chosenFor = 0;

  /** How wide blocks and how large nodes are; the same for as long as the tree is about as large. */
  form(count: number, choose: () => Form): Form {
    if (count > this.#chosenFor * OTHER_SIZE || count < this.#chosenFor / OTHER_SIZE) {
      this.#chosenFor = count;
      this.#form = choose();
    }
    return this.#form;
  }

  /** The slot of each child of a block; `key` names the block. */
  assign(key: string, paths: readonly string[]): { readonly slots: readonly number[]; readonly size: number } {
    const wanted = new Set(paths);
    const before = this.#blocks.get(key) ?? [];
    const kept = before.map((path) => (path !== null && wanted.has(path) ? path : null));
    const holes = kept.filter((path) => path === null).length;
    // More holes than that, and keeping places is no help to the eye any more.
    const places: (string | null)[] = holes > Math.max(8, paths.length) ? [] : kept;
    const at = new Map<string, number>();
    for (const [slot, path] of places.entries()) if (path !== null) at.set(path, slot);
    let free = 0;
    for (const path of paths) {
      if (at.has(path)) continue;
      while (free < places.length && places[free] !== null) free += 1;
      places[free] = path;
      at.set(path, free);
    }
    while (places.at(-1) === null) places.pop();
    this.#blocks.set(key, places);
    return { slots: paths.map((path) => at.get(path)!), size: places.length };
  }

  /** Forgets blocks that are not in the tree any more. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#blocks.keys()) if (!keys.has(key)) this.#blocks.delete(key);
  }
}

interface Form {
  readonly aspect: number;
  readonly size: NodeSize;
}

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly block: { readonly slots: readonly number[]; readonly columns: number } | null;
  height: number;
}

/** Lays the tree out from left to right: every level a column, every supervisor on the row of its first child, leaves in blocks where they are many. */
export function layOut(tree: LayoutTree, slots: Slots): Layout {
  return layOutAs(tree, slots, slots.form(tree.count, () => {
    const choices = (tree.count < FEW ? [...ROOMY, SMALL] : [SMALL]).map((size): Form => {
      const off = (aspect: number): number => {
        const { width, height } = layOutAs(tree, new Slots(), { aspect, size });
        return Math.abs(Math.log(width / Math.max(1, height) / (SCREEN.width / SCREEN.height)));
      };
      return { aspect: BLOCK_ASPECTS.reduce((best, each) => (off(each) < off(best) ? each : best)), size };
    });
    const readable = (form: Form): number => {
      const { width, height } = layOutAs(tree, new Slots(), form);
      const { font, lines } = form.size;
      return font * Math.min(SCREEN.scale, SCREEN.width / width, SCREEN.height / Math.max(1, height)) * (lines === 2 ? SECOND_LINE : 1);
    };
    return choices.length === 1 ? choices[0]! : choices.reduce((best, each) => (readable(each) > readable(best) ? each : best));
  }));
}

function layOutAs(tree: LayoutTree, slots: Slots, { aspect, size }: Form): Layout {
  const { count, parents } = tree;
  const children = childrenOf(tree);
  const shown = new Uint8Array(count);
  for (let at = 0; at < count; at++) {
    const parent = parents[at]!;
    shown[at] = parent < 0 || (shown[parent] === 1 && !tree.isCollapsed(parent)) ? 1 : 0;
  }
  const open = (at: number): readonly number[] => (tree.isCollapsed(at) ? NONE : children[at]!);
  const pieces: (readonly Piece[])[] = new Array<readonly Piece[]>(count).fill(NO_PIECES);
  const height = new Float32Array(count);
  const blocks = new Set<string>();
  // From the last to the first: children come after their parent, so that theirs are known.
  for (let at = count - 1; at >= 0; at--) {
    height[at] = size.rowH;
    if (shown[at] === 0) continue;
    const below = open(at);
    if (below.length === 0) continue;
    const own = piecesOf(tree, at, below, (child) => open(child).length === 0, slots, blocks, aspect, size);
    let sum = 0;
    for (const piece of own) {
      if (piece.block === null) piece.height = height[below[piece.from]!]!;
      sum += piece.height;
    }
    pieces[at] = own;
    height[at] = Math.max(size.rowH, sum);
  }
  slots.keep(blocks);
  return place(tree, children, pieces, shown, height, size);
}

const NONE: readonly number[] = [];
const NO_PIECES: readonly Piece[] = [];

export function childrenOf({ count, parents }: Pick<LayoutTree, 'count' | 'parents'>): readonly (readonly number[])[] {
  const children: number[][] = Array.from({ length: count }, () => []);
  for (let at = 0; at < count; at++) if (parents[at]! >= 0) children[parents[at]!]!.push(at);
  return children;
}

function piecesOf(tree: LayoutTree, at: number, below: readonly number[], isLeaf: (child: number) => boolean, slots: Slots, blocks: Set<string>, aspect: number, { w, h, rowH }: NodeSize): Piece[] {
  const own: Piece[] = [];
  for (let from = 0; from < below.length;) {
    let to = from;
    while (to < below.length && isLeaf(below[to]!)) to += 1;
    if (to - from < GRID_FROM) {
      // Leaves that are few stand each on its own row, as does a child with children.
      to = from + 1;
      own.push({ from, to, block: null, height: rowH });
    } else {
      const key = `${tree.pathOf(at)} ${own.length}`;
      blocks.add(key);
      const assigned = slots.assign(key, below.slice(from, to).map(tree.pathOf));
      const columns = Math.max(2, Math.ceil(Math.sqrt((assigned.size * (h + GRID_LINE) * aspect) / (w + GRID_GAP_X))));
      own.push({ from, to, block: { slots: assigned.slots, columns }, height: Math.ceil(assigned.size / columns) * (h + GRID_LINE) + BLOCK_GAP });
    }
    from = to;
  }
  return own;
}

function place({ count, parents }: LayoutTree, children: readonly (readonly number[])[], pieces: readonly (readonly Piece[])[], shown: Uint8Array, height: Float32Array, size: NodeSize): Layout {
  const { w, h, columnW } = size;
  const columns = (): Float32Array => new Float32Array(count);
  const layout = { count, size, shown, x: columns(), y: columns(), trunkX: columns(), busY: columns(), endX: columns(), inBlock: new Uint8Array(count), width: w, height: height[0] ?? 0 };
  const put = (at: number, x: number, y: number): void => {
    layout.x[at] = x;
    layout.y[at] = y;
    layout.width = Math.max(layout.width, x + w);
  };
  for (let at = 0; at < count; at++) {
    if (shown[at] === 0) continue;
    if (parents[at]! < 0) put(at, 0, 0);
    const trunkX = layout.x[at]! + w + TRUNK;
    const childX = layout.x[at]! + columnW;
    let y = layout.y[at]!;
    for (const { from, to, block, height: pieceHeight } of pieces[at]!) {
      for (let n = from; n < to; n++) {
        const child = children[at]![n]!;
        layout.trunkX[child] = trunkX;
        if (block === null) {
          put(child, childX, y);
          layout.busY[child] = y + h / 2;
          layout.endX[child] = childX;
        } else {
          const slot = block.slots[n - from]!;
          const row = Math.floor(slot / block.columns);
          const rowY = y + row * (h + GRID_LINE);
          put(child, childX + (slot % block.columns) * (w + GRID_GAP_X), rowY + GRID_LINE);
          layout.busY[child] = rowY + 2;
          layout.endX[child] = layout.x[child]! + w / 2;
          layout.inBlock[child] = 1;
        }
      }
      y += pieceHeight;
    }
  }
  return layout;
}

/**
 * A point on the line from a node's supervisor to it, `share` (0 to 1) of the way: right to the trunk, along the trunk, then to the node.
 * Writes x and y into `out`.
 */
export function edgePoint(layout: Layout, parent: number, at: number, share: number, out: Float32Array): void {
  const fromX = layout.x[parent]! + layout.size.w;
  const fromY = layout.y[parent]! + layout.size.h / 2;
  const trunkX = layout.trunkX[at]!;
  const busY = layout.busY[at]!;
  const first = trunkX - fromX;
  const second = Math.abs(busY - fromY);
  const third = layout.endX[at]! - trunkX;
  const way = share * (first + second + third);
  if (way <= first) {
    out[0] = fromX + way;
    out[1] = fromY;
  } else if (way <= first + second) {
    out[0] = trunkX;
    out[1] = fromY + Math.sign(busY - fromY) * (way - first);
  } else {
    out[0] = trunkX + (way - first - second);
    out[1] = busY;
  }
}

/** The shown node at a point of the tree's plane; -1 for none. */
export function nodeAt(layout: Layout, x: number, y: number): number {
  for (let at = 0; at < layout.count; at++) {
    if (layout.shown[at] === 0) continue;
    const left = layout.x[at]!;
    const top = layout.y[at]!;
    if (x >= left && x <= left + layout.size.w && y >= top && y <= top + layout.size.h) return at;
  }
  return -1;
}
