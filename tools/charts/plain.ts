import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';

const GAP = 28;
const LABEL_GAP = 4;

interface Place {
  x: number;
  y: number;
  readonly width: number;
  readonly height: number;
}

/** A layout for graphs that are too large, or too odd, for ELK: states in rows, arrows straight from one to the other. Same input, same output. */
export function plainly(graph: ElkNode): ElkNode {
  const placed = new Map<string, Place>();
  const inner = rows(graph.children ?? [], 12, 12, 12, placed);
  const children = (graph.children ?? []).map((child) => at(child, placed, 0, 0));
  const edges = (graph.edges ?? []).map((edge) => straight(edge, placed));
  return { ...graph, children, edges, width: inner.width, height: inner.height };
}

/** Puts children into rows that make about a square; answers the room that they need, margins included. Positions are from the parent's corner. */
function rows(children: readonly ElkNode[], top: number, left: number, bottom: number, placed: Map<string, Place>): { readonly width: number; readonly height: number } {
  const sized = children.map((child) => ({ child, ...sizeOf(child, placed) }));
  const area = sized.reduce((sum, { width, height }) => sum + (width + GAP) * (height + GAP), 0);
  const wide = Math.max(Math.sqrt(area) * 1.2, ...sized.map(({ width }) => width));
  let x = 0;
  let y = 0;
  let row = 0;
  let widest = 0;
  for (const { child, width, height } of sized) {
    if (x > 0 && x + width > wide) {
      y += row + GAP;
      x = 0;
      row = 0;
    }
    placed.set(child.id, { x: left + x, y: top + y, width, height });
    x += width + GAP;
    row = Math.max(row, height);
    widest = Math.max(widest, x - GAP);
  }
  return { width: left + widest + left, height: top + y + row + bottom };
}

function sizeOf(node: ElkNode, placed: Map<string, Place>): { readonly width: number; readonly height: number } {
  if (node.children === undefined || node.children.length === 0) return { width: node.width ?? minimum(node)[0], height: node.height ?? minimum(node)[1] };
  const [least, leastHeight] = minimum(node);
  const inner = rows(node.children, leastHeight + GAP, 16, 16, placed);
  return { width: Math.max(least, inner.width), height: inner.height };
}

/** The least size of a state with states in it, as it is told to ELK. */
function minimum({ layoutOptions }: ElkNode): readonly [number, number] {
  const [, width = '60', height = '24'] = /\(([\d.]+),([\d.]+)\)/.exec(layoutOptions?.['elk.nodeSize.minimum'] ?? '') ?? [];
  return [Number(width), Number(height)];
}

/** With its position, and those below it, made absolute. */
function at(node: ElkNode, placed: Map<string, Place>, x: number, y: number): ElkNode {
  const place = placed.get(node.id)!;
  place.x += x;
  place.y += y;
  return { ...node, ...place, children: (node.children ?? []).map((child) => at(child, placed, place.x, place.y)) };
}

function straight(edge: ElkExtendedEdge, placed: Map<string, Place>): ElkExtendedEdge {
  const from = placed.get(edge.sources[0]!)!;
  const to = placed.get(edge.targets[0]!)!;
  const self = from === to;
  const startPoint = self ? { x: from.x + from.width, y: from.y + 8 } : border(from, to);
  const endPoint = self ? { x: from.x + from.width, y: from.y + Math.min(24, from.height - 4) } : border(to, from);
  const bendPoints = self ? [{ x: startPoint.x + 14, y: startPoint.y }, { x: startPoint.x + 14, y: endPoint.y }] : [];
  const middle = { x: (startPoint.x + endPoint.x) / 2 + LABEL_GAP, y: (startPoint.y + endPoint.y) / 2 };
  return {
    ...edge,
    sections: [{ id: `${edge.id}s`, startPoint, endPoint, bendPoints }],
    labels: (edge.labels ?? []).map((label) => ({ ...label, x: middle.x, y: middle.y - (label.height ?? 0) / 2 })),
  };
}

/** Where the line from the middle of a box towards another one's leaves it. */
function border(box: Place, other: Place): { readonly x: number; readonly y: number } {
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  const dx = other.x + other.width / 2 - x;
  const dy = other.y + other.height / 2 - y;
  const share = Math.min(1, Math.abs(dx) < 1e-9 ? Infinity : box.width / 2 / Math.abs(dx), Math.abs(dy) < 1e-9 ? Infinity : box.height / 2 / Math.abs(dy));
  return { x: x + dx * share, y: y + dy * share };
}
