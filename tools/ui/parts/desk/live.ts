/** Desks of engines that run, each asked once a second however many pages look. */
import { ControlError } from '../../../../runtime/control/errors.js';
import { DESK_QUESTION } from '../../../engine/desk-parts.js';
import { UiError } from '../../server/host.js';
import { SourceError, type Sources } from '../../sources/index.js';
import type { Desk, DeskNews } from '../../wire/desk.js';
import { type DayBook, dayBookOf } from './day.js';
import type { DeskAbout } from './facts.js';
import { isOwnRecord, NO_RECORD, type Records } from './records.js';
import { deskOf } from './shape.js';
import { deskAnswer } from './views.js';

const EVERY_MS = 1000;
const ANSWER_MS = 8000;

export interface LiveAbout extends DeskAbout {
  /** Folder of the account's record. */
  readonly record: string;
}

interface Known {
  readonly about: LiveAbout;
  readonly day: DayBook;
}

interface Watched {
  readonly listeners: Set<(news: DeskNews) => void>;
  last: DeskNews | null;
  timer: NodeJS.Timeout | undefined;
}

export class LiveDesks {
  readonly #sources: Sources;
  readonly #records: Records;
  readonly #known = new Map<string, Known>();
  readonly #watched = new Map<string, Watched>();

  constructor(sources: Sources, records: Records) {
    this.#sources = sources;
    this.#records = records;
  }

  /** What the engine is, as it said last. @throws UiError */
  async about(source: string): Promise<LiveAbout> {
    return (this.#known.get(source) ?? (await this.#ask(source)).known).about;
  }

  /** @throws UiError when there is none, with the way out. */
  async desk(source: string): Promise<Desk> {
    const { answer, known } = await this.#ask(source);
    const { about } = known;
    const name = source.slice('process:'.length);
    let day: Awaited<ReturnType<DayBook['at']>> | null = null;
    const missing: string[] = [];
    try {
      day = await known.day.at(answer.atUs);
    } catch (error) {
      if (!(error instanceof UiError) && !(error instanceof RangeError)) throw error;
      missing.push(`the day’s result: ${error.message}`);
    }
    return deskOf({ source, name, kind: 'live', note: '', about, input: answer, day, missing });
  }

  /** Calls `listener` about once a second. The result ends that. */
  watch(source: string, listener: (news: DeskNews) => void): () => void {
    let watched = this.#watched.get(source);
    if (watched === undefined) {
      watched = { listeners: new Set(), last: null, timer: undefined };
      this.#watched.set(source, watched);
      void this.#look(source, watched);
    } else if (watched.last !== null) listener(watched.last);
    const { listeners } = watched;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      const left = this.#watched.get(source);
      if (left?.listeners !== listeners) return;
      clearTimeout(left.timer);
      this.#watched.delete(source);
    };
  }

  close(): void {
    for (const { timer } of this.#watched.values()) clearTimeout(timer);
    this.#watched.clear();
  }

  async #look(source: string, watched: Watched): Promise<void> {
    let news: DeskNews;
    try {
      news = { ok: true, desk: await this.desk(source) };
    } catch (error) {
      // A defect of ours is told too: a desk that stands still without a word is worse.
      news = { ok: false, problem: error instanceof Error ? error.message : String(error) };
    }
    if (this.#watched.get(source) !== watched) return;
    watched.last = news;
    for (const listener of watched.listeners) listener(news);
    watched.timer = setTimeout(() => void this.#look(source, watched), EVERY_MS);
  }

  async #ask(source: string): Promise<{ readonly answer: import('zod').infer<typeof deskAnswer>; readonly known: Known }> {
    let known = this.#known.get(source);
    let answer = await this.#call(source, known === undefined);
    if (known === undefined || known.about.run !== answer.run) {
      // Another run has begun under this name.
      if (answer.about === null) answer = await this.#call(source, true);
      if (answer.about === null) throw new UiError(503, 'the engine does not say what it trades');
      const { run = null } = this.#sources.list().sources.find((each) => each.kind === 'process' && each.id === source) as { readonly run?: string | null } | undefined ?? {};
      const own = isOwnRecord(answer.about.record, answer.about, run === null ? null : this.#sources.run(run));
      const about = own ? answer.about : { ...answer.about, record: NO_RECORD };
      known = { about, day: dayBookOf(this.#records, about) };
      // Where its run lies may be known a moment later.
      if (own) this.#known.set(source, known);
    }
    return { answer, known };
  }

  async #call(source: string, about: boolean): Promise<import('zod').infer<typeof deskAnswer>> {
    try {
      const client = await this.#sources.client(source);
      const { value } = await client.call('ask', { name: DESK_QUESTION, input: { about } }, { timeoutMs: ANSWER_MS });
      const read = deskAnswer.safeParse(value);
      if (!read.success) throw new UiError(502, 'what the process says of its desk cannot be read: it is of another version');
      return read.data;
    } catch (error) {
      if (error instanceof SourceError) throw new UiError(error.status, error.message);
      if (!(error instanceof ControlError)) throw error;
      const name = source.slice('process:'.length);
      if (error.rpc?.name === 'notFound' || error.rpc?.name === 'notSupported') throw new UiError(404, `${name} has no desk: it is no engine, or one of an older version`);
      throw new UiError(503, `${name}: ${error.message}`);
    }
  }
}
