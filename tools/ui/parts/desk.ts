/** The desk: what an engine holds, what holds it back, its journal, and what may be told it. */
import { z } from 'zod';
import { UiError, type UiPart } from '../server/host.js';
import { SourceError } from '../sources/index.js';
import { confirmationOf, JOURNAL_KINDS, type Desk, type DeskNews, type JournalKind } from '../wire/desk.js';
import { Commander, commandSchema } from './desk/commands.js';
import { type JournalFilter, journalCsv, journalPage } from './desk/journal.js';
import { instantDesk } from './desk/instant.js';
import { LiveDesks } from './desk/live.js';
import { pastDesk, pastRun } from './desk/past.js';
import { Records } from './desk/records.js';
import { machinesOf } from './time.js';

const source = z.string().min(1).max(200);
const wholeNumber = z.string().regex(/^\d{1,16}$/).transform(Number);
const kinds = z.string().max(200).transform((text): ReadonlySet<JournalKind> => new Set(JOURNAL_KINDS.filter((kind) => text.split(',').includes(kind))));
const filterShape = {
  source, kinds: kinds.optional(), symbol: z.string().max(100).default(''), text: z.string().max(200).default(''), from: wholeNumber.optional(), to: wholeNumber.optional(),
};
const filterSchema = z.object(filterShape);
const pageSchema = z.object({ ...filterShape, before: wholeNumber.optional(), limit: wholeNumber.pipe(z.number().min(1).max(500)).default(100) });

const ALL: ReadonlySet<JournalKind> = new Set(JOURNAL_KINDS);
const filterOf = ({ kinds: some, symbol, text, from, to }: z.infer<typeof filterSchema>): JournalFilter =>
  ({ kinds: some === undefined || some.size === 0 ? ALL : some, symbol, text, fromMs: from ?? null, toMs: to ?? null });

export const deskPart: UiPart = (host) => {
  const { sources } = host;
  const records = new Records();
  const live = new LiveDesks(sources, records);
  const commander = new Commander(sources);
  host.onClose(async () => {
    live.close();
    await records.close();
  });

  /** The process that writes a run, while it does. */
  const writerOf = (id: string): string | undefined => sources.list().sources.find((each) => each.kind === 'process' && each.run === id && each.state !== 'gone')?.id;
  const folderOf = (id: string): string => {
    try {
      return sources.run(id);
    } catch (error) {
      if (error instanceof SourceError) throw new UiError(error.status, error.message);
      throw error;
    }
  };
  const kindOf = (id: string): 'process' | 'run' => {
    if (id.startsWith('process:')) return 'process';
    if (id.startsWith('run:')) return 'run';
    throw new UiError(404, 'a tape has no desk: nothing was traded on it');
  };
  const deskAt = async (id: string): Promise<Desk> => {
    if (kindOf(id) === 'process') return live.desk(id);
    const writer = writerOf(id);
    return writer === undefined ? pastDesk(records, id, folderOf(id)) : live.desk(writer);
  };
  const recordOf = async (id: string): Promise<string> => {
    if (kindOf(id) === 'run') return pastRun(folderOf(id)).about.record;
    const info = sources.info(id);
    // What has ended is asked no more; its run says where its record lies.
    return info?.kind === 'process' && info.state === 'gone' && info.run !== null ? pastRun(folderOf(info.run)).about.record : (await live.about(id)).record;
  };

  /** The run of a source: its own, or the one that it writes. */
  const runOf = (id: string): string => {
    if (kindOf(id) === 'run') return id;
    const info = sources.info(id);
    if (info?.kind !== 'process' || info.run === null) throw new UiError(404, 'it writes no run, so there is no past to look at');
    return info.run;
  };

  host.query('desk/at', z.object({ source, at: z.string().min(1).max(40) }), async ({ source: id, at }) => {
    const folder = folderOf(runOf(id));
    const withMachine = machinesOf(host);
    if (withMachine === undefined) throw new UiError(503, 'this window has no time machine');
    return withMachine((machine) => instantDesk(machine, records, id, folder, at), id);
  });
  host.query('desk', z.object({ source }), ({ source: id }) => deskAt(id));
  host.topic('desk', z.strictObject({ source }), 'latest', async ({ source: id }, push) => {
    const watched = kindOf(id) === 'process' ? id : writerOf(id);
    if (watched !== undefined) return live.watch(watched, push);
    const news: DeskNews = { ok: true, desk: await deskAt(id) };
    push(news);
    return () => {};
  });
  host.query('desk/journal', pageSchema, async ({ before, limit, ...query }, signal) => journalPage(records, await recordOf(query.source), filterOf(query), before ?? null, limit, signal));
  host.download('desk/journal.csv', filterSchema, async (query, signal) => {
    const dir = await recordOf(query.source);
    records.get(dir);
    return { name: `journal-${query.source.replaceAll(/[^\w-]/g, '-')}.csv`, type: 'text/csv', pieces: journalCsv(records, dir, filterOf(query), signal) };
  });
  host.action('desk/command', commandSchema, confirmationOf, (command) => commander.carryOut(command));
};
