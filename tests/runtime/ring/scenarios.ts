import assert from 'node:assert/strict';
import { READER_EPOCH, READER_HALF, WRITER_EPOCH, WRITER_HALF } from '../../../runtime/ring/layout.js';
import type { Local, Queue, Scenario, Step, Thread } from './checker.js';

// Small rings and short lives, that together have every situation the protocol must survive. A message is a number of slots, and
// the value of a slot is its position + 1: so a writer that takes over knows from `written` alone what comes next.

/** Positions at which the messages begin and end, with the padding that a ring of so many slots needs. */
function layOut(slots: number, sizes: readonly number[], startAt: number): { begin: number; end: number }[] {
  let end = startAt;
  return sizes.map((size) => {
    const toEnd = slots - (end % slots);
    const begin = size > toEnd ? end + toEnd : end;
    end = begin + size;
    return { begin, end };
  });
}

const openWriter: Step = (local, { classes, memory, ops }, queue) => {
  local.writer = classes.RingWriter.open(memory, ops);
  assert.equal(local.writer.written, queue.publishedSlots, 'a writer that opens knows how much was published');
};
const openReader: Step = (local, { classes, memory, ops }, queue) => {
  local.reader = classes.RingReader.open(memory, ops);
  assert.equal(local.reader.consumed, queue.releasedSlots, 'a reader that opens knows how much was released');
};
const openBoth = ([writer, reader]: readonly Local[], hands: Parameters<Step>[1]): void => {
  (writer as Local).writer = hands.classes.RingWriter.open(hands.memory, hands.ops);
  (reader as Local).reader = hands.classes.RingReader.open(hands.memory, hands.ops);
};

/** Publishes the messages that are not published yet, waiting for room as long as it takes, or `patienceMs` at a time. */
const write = (slots: number, sizes: readonly number[], startAt: number, patienceMs: number): Step => {
  const plan = layOut(slots, sizes, startAt);
  return (local, { put }, queue) => {
    const writer = local.writer as NonNullable<Local['writer']>;
    const next = plan.find(({ end }) => end > writer.written);
    if (next === undefined) return 'end';
    const size = next.end - next.begin;
    const at = writer.claim(size);
    if (at < 0) {
      writer.waitForRoom(size, patienceMs);
      return 'again';
    }
    assert.equal(at, next.begin % slots);
    local.claimed = Array.from({ length: size }, (_, k) => next.begin + k + 1);
    local.claimed.forEach((value, k) => { put(at + k, value); });
    writer.publish();
    local.claimed = [];
    assert.ok(writer.written <= queue.publishedSlots);
    return 'again';
  };
};

/** Reads and releases, up to `most` slots at a time, until everything that the messages make is released. */
const read = (slots: number, sizes: readonly number[], most: number, startAt: number, patienceMs: number): Step => {
  const last = layOut(slots, sizes, startAt).at(-1)?.end ?? 0;
  return (local, { get }) => {
    const reader = local.reader as NonNullable<Local['reader']>;
    if (reader.consumed >= last) return 'end';
    const ready = reader.available(most);
    if (ready === 0) {
      reader.wait(patienceMs);
      return 'again';
    }
    local.read = [];
    for (let k = 0; k < ready; k += 1) local.read.push(get(reader.index + k));
    reader.release(ready);
    local.read = [];
    return 'again';
  };
};

const everything = (queue: Readonly<Queue>, sizes: readonly number[]): void => {
  assert.equal(queue.released, queue.published.length, 'everything was read');
  if (sizes !== queue.published) assert.equal(queue.released, sizes.reduce((sum, size) => sum + size, 0), 'everything was written');
};

/** Publishes so many single slots with values the queue has not seen, after a renewal. */
function numbered(count: number): Step {
  return (local, { put }) => {
    const writer = local.writer as NonNullable<Local['writer']>;
    if (local.n === count) return 'end';
    const at = writer.claim(1);
    if (at < 0) {
      writer.waitForRoom(1, 1);
      return 'again';
    }
    local.claimed = [100 + local.n];
    put(at, 100 + local.n);
    writer.publish();
    local.n += 1;
    local.claimed = [];
    return 'again';
  };
}

/** Only one attempt: a message, a batch, or a sleep. */
const once = (step: Step): Step => (local, hands, queue) => {
  step(local, hands, queue);
  return 'end';
};

/** `tries` once: it makes one attempt and ends. `sizes`: it has other messages in mind than the rest, at the same positions. */
type Part = Pick<Thread, 'mortal' | 'replaced' | 'after' | 'mayRace' | 'timeouts'> & { readonly tries?: 'once'; readonly sizes?: readonly number[] };

/** Writers and readers of the same messages, in this order. */
function plan(name: string, options: { slots: number; sizes: readonly number[]; most?: number; startAt?: number; patienceMs?: number; writers: readonly Part[]; readers: readonly Part[] }): Scenario {
  const { slots, sizes, most = slots, startAt = 0, patienceMs = 1, writers, readers } = options;
  const attempts = ({ tries }: Part, step: Step): Step => (tries === 'once' ? once(step) : step);
  const thread = (part: Part, what: string, k: number, steps: Step[]): Thread => ({ ...part, name: `${what} ${k + 1}`, steps });
  const threads = [
    ...writers.map((part, k) => thread(part, 'writer', k, [...(k === 0 ? [] : [openWriter]), attempts(part, write(slots, part.sizes ?? sizes, startAt, patienceMs))])),
    ...readers.map((part, k) => thread(part, 'reader', k, [...(k === 0 ? [] : [openReader]), attempts(part, read(slots, sizes, most, startAt, patienceMs))])),
  ];
  return {
    name, slots, threads, unshared: [...(writers.length === 1 ? [WRITER_EPOCH, WRITER_HALF] : []), ...(readers.length === 1 ? [READER_EPOCH, READER_HALF] : [])], startAt,
    before: (locals, hands) => openBoth([locals[0] as Local, locals[writers.length] as Local], hands),
    atEnd: (queue) => everything(queue, writers.some((part) => part.sizes !== undefined) ? queue.published : sizes),
  };
}

const HALF = 1 << 19;

const mortal: Part = { mortal: true };
const old: Part = { replaced: true, mayRace: true };

/** The owner renews while old sides are at work; then new sides begin on what must be an empty ring. */
const renewed = (name: string, count: number, oldSides: readonly Thread[]): Scenario => {
  const owner = oldSides.length;
  return {
    name,
    slots: 2,
    before: (locals, hands) => oldSides.forEach((side, k) => {
      const local = locals[k] as Local;
      if (side.name === 'old writer') local.writer = hands.classes.RingWriter.open(hands.memory, hands.ops);
      else local.reader = hands.classes.RingReader.open(hands.memory, hands.ops);
    }),
    threads: [
      ...oldSides,
      { name: 'owner', steps: [(_, { classes, memory, ops }) => { classes.RingWriter.renew(memory, ops); }] },
      { name: 'writer', after: owner, steps: [(local, { classes, memory, ops }) => { local.writer = classes.RingWriter.open(memory, ops); assert.equal(local.writer.written, 0); }, numbered(count)] },
      { name: 'reader', after: owner, steps: [(local, { classes, memory, ops }) => { local.reader = classes.RingReader.open(memory, ops); assert.equal(local.reader.consumed, 0); }, read(2, Array.from({ length: count }, () => 1), 2, 0, 1)] },
    ],
    atEnd: (queue, locals) => {
      assert.equal(queue.released, queue.published.length);
      assert.equal(locals[owner + 1]?.writer?.written, count);
      assert.equal(locals[owner + 2]?.reader?.consumed, count);
    },
  };
};
const oldWriter: Thread = { name: 'old writer', ...old, steps: [once(write(2, [1, 1], 0, 1))] };
const hastyReader: Thread = { name: 'old reader', ...old, steps: [(local, hands, queue) => ((local.reader as NonNullable<Local['reader']>).available() === 0 ? 'end' : read(2, [1, 1], 2, 0, 1)(local, hands, queue)), () => 'end'] };
const oldReader: Thread = { name: 'old reader', ...old, steps: [once(read(2, [1, 1], 2, 0, 1))] };

/** Nobody waits for room: what finds none is counted, and the last message is what the reader ends at. */
const overflowing: Scenario = {
  name: 'overflow',
  slots: 2,
  before: (locals, hands) => openBoth(locals, hands),
  threads: [
    {
      name: 'writer',
      steps: [
        (local, { put }) => {
          const writer = local.writer as NonNullable<Local['writer']>;
          if (local.n === 4) return undefined;
          local.n += 1;
          const got = writer.claimUpTo(1);
          if (got === 0) writer.overflow(1);
          else {
            local.claimed = [local.n];
            put(writer.index, local.n);
            writer.publish();
            local.claimed = [];
          }
          return 'again';
        },
        (local, { put }) => {
          const writer = local.writer as NonNullable<Local['writer']>;
          const at = writer.claim(1);
          if (at < 0) {
            writer.waitForRoom(1, 1);
            return 'again';
          }
          local.claimed = [99];
          put(at, 99);
          writer.publish();
          local.claimed = [];
          return 'end';
        },
      ],
    },
    {
      name: 'reader',
      steps: [(local, { get }) => {
        const reader = local.reader as NonNullable<Local['reader']>;
        if (reader.available(1) === 0) {
          reader.wait(1);
          return 'again';
        }
        local.read = [get(reader.index)];
        reader.release(1);
        local.n = local.read[0] as number;
        local.read = [];
        return local.n === 99 ? 'end' : 'again';
      }],
    },
  ],
  atEnd: (queue, _, overflows) => {
    assert.equal(queue.released, queue.published.length);
    assert.equal(queue.published.length - 1 + overflows, 4, 'every message was read or counted');
  },
};

/** A reader that was replaced may have read anything; `current` tells it before it acts. */
const asking: Scenario = {
  ...plan('a replaced reader that asks before it acts', { slots: 2, sizes: [1, 1, 1], writers: [{}], readers: [old, {}] }),
};
const asks: Step = (local, { get }, queue) => {
  const reader = local.reader as NonNullable<Local['reader']>;
  const ready = reader.available();
  const from = reader.consumed;
  if (ready === 0) return 'again';
  const values = Array.from({ length: ready }, (_, k) => get(reader.index + k));
  if (reader.current()) assert.deepEqual(values, queue.published.slice(from, from + ready), 'it acts on what was published');
  else local.stale = true;
  return undefined;
};

export const scenarios: readonly Scenario[] = [
  plan('two slots, one at a time', { slots: 2, sizes: [1, 1, 1, 1], most: 1, writers: [{}], readers: [{}] }),
  plan('two slots, all there is', { slots: 2, sizes: [1, 1, 1, 1, 1], writers: [{}], readers: [{}] }),
  plan('sleeps that are not counted by a clock', { slots: 2, sizes: [1, 1, 1], patienceMs: Infinity, writers: [{}], readers: [{}] }),
  plan('padding', { slots: 4, sizes: [1, 2, 2, 1, 2, 2], writers: [{}], readers: [{}] }),
  plan('padding, one at a time', { slots: 4, sizes: [1, 2, 2, 2], most: 1, writers: [{}], readers: [{}] }),
  plan('padding that is forgotten', { slots: 4, sizes: [1, 2, 2, 1, 1, 1, 1, 1], writers: [{}], readers: [{}] }),
  plan('sleeps that time out', { slots: 2, sizes: [1, 1, 1], writers: [{ timeouts: true }], readers: [{ timeouts: true }] }),
  plan('a turn of the positions', { slots: 2, sizes: [1, 1, 1, 1], startAt: 2 * HALF - 2, writers: [{}], readers: [{}] }),
  plan('a reader that dies anywhere', { slots: 2, sizes: [1, 1, 1, 1], writers: [{}], readers: [mortal, { after: 1 }] }),
  plan('a reader that dies among padding', { slots: 4, sizes: [1, 2, 2, 2], writers: [{}], readers: [mortal, { after: 1 }] }),
  plan('a writer that dies anywhere', { slots: 2, sizes: [1, 1, 1, 1], writers: [mortal, { after: 0 }], readers: [{}] }),
  plan('a writer that dies among padding', { slots: 4, sizes: [1, 2, 2, 2], writers: [mortal, { after: 0 }], readers: [{}] }),
  plan('a writer that dies before its padding is published', { slots: 8, startAt: 5, sizes: [1, 1, 1, 4], writers: [{ ...mortal, tries: 'once', sizes: [4] }, { after: 0 }], readers: [{}] }),
  plan('two writers that die, at a turn of the positions', { slots: 2, sizes: [1, 1], startAt: HALF - 1, writers: [mortal, { ...mortal, after: 0 }, { after: 1 }], readers: [{}] }),
  plan('two readers that die, at a turn of the positions', { slots: 2, sizes: [1, 1, 1], startAt: 2 * HALF - 1, writers: [{}], readers: [mortal, { ...mortal, after: 1 }, { after: 2 }] }),
  plan('both sides die', { slots: 2, sizes: [1, 1, 1], writers: [mortal, { after: 0 }], readers: [mortal, { after: 2 }] }),
  plan('a reader that is replaced and keeps trying', { slots: 2, sizes: [1, 1], writers: [{}], readers: [old, {}] }),
  plan('a writer that is replaced and tries once more', { slots: 2, sizes: [1, 1, 1], writers: [{ ...old, tries: 'once' }, {}], readers: [{}] }),
  plan('a writer that is replaced and keeps trying', { slots: 2, sizes: [1, 1], writers: [old, {}], readers: [{}] }),
  plan('a writer that is replaced among padding', { slots: 4, startAt: 3, sizes: [2, 1], writers: [{ ...old, tries: 'once' }, {}], readers: [{}] }),
  plan('a writer that is replaced and has other messages in mind', { slots: 4, startAt: 7, sizes: [1, 1, 1], writers: [{ ...old, tries: 'once', sizes: [2] }, {}], readers: [{}] }),
  plan('three readers that open at once', { slots: 2, sizes: [1, 1], writers: [{}], readers: [old, old, { after: 2 }] }),
  plan('three writers that open at once', { slots: 2, sizes: [1, 1], writers: [old, old, { after: 1 }], readers: [{}] }),
  { ...asking, threads: asking.threads.map((thread) => (thread.name === 'reader 1' ? { ...thread, steps: [asks] } : thread)) },
  renewed('a ring renewed under its writer', 2, [oldWriter]),
  renewed('a ring renewed under its reader', 1, [hastyReader]),
  overflowing,
];

/** The same on a larger scale: minutes. */
export const thoroughScenarios: readonly Scenario[] = [
  plan('a reader that is replaced and tries once more', { slots: 2, sizes: [1, 1, 1], writers: [{}], readers: [{ ...old, tries: 'once' }, {}] }),
  plan('a reader that is replaced and keeps trying', { slots: 2, sizes: [1, 1, 1], writers: [{}], readers: [old, {}] }),
  plan('a writer that is replaced and keeps trying', { slots: 2, sizes: [1, 1, 1], writers: [old, {}], readers: [{}] }),
  plan('both sides die, four messages', { slots: 2, sizes: [1, 1, 1, 1], writers: [mortal, { after: 0 }], readers: [mortal, { after: 2 }] }),
  plan('both sides die among padding', { slots: 4, sizes: [1, 2, 2], writers: [mortal, { after: 0 }], readers: [mortal, { after: 2 }] }),
  renewed('a ring renewed under its reader, which may sleep', 1, [oldReader]),
  renewed('a ring renewed under its reader, two messages', 2, [oldReader]),
  renewed('a ring renewed under both its sides', 1, [oldWriter, oldReader]),
];
