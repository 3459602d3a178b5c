import { join } from 'node:path';
import { runMark } from '../../actors/orders/ids.js';
import { loadConfig, type Config } from '../../config/index.js';
import { RunError, type RunWriter, varFolder } from '../../data/runs/index.js';
import { StoreFailure } from '../../data/store/failure.js';
import { changesTree } from '../../runtime/control/verbs.js';
import { type EngineBoot, type EngineMode, leftOpen, leftTrades, recoveredHoldings, recoveredOrders } from '../../supervisors/index.js';
import { CliError, EXIT_CODES, type ExitName } from '../cli/errors.js';
import { fromSystemError } from '../cli/system-errors.js';
import { packageVersion } from '../cli/version.js';
import { DeadLetterLog } from '../process/dead-letter-log.js';
import { ProcessHost } from '../process/host.js';
import type { ProcessLog } from '../process/log.js';
import { logTree, ReportLog } from '../process/log-tree.js';
import { beginEngineRun } from '../runs/engine-run.js';
import { runLimits } from '../runs/limits.js';
import { bootClient, keyFacts, PRODUCTS, venueInstruments } from './boot.js';
import { EngineClock } from './clock.js';
import { crossCheckOf } from './cross-check.js';
import { DESK_QUESTION, deskParts, deskQuestion } from './desk-parts.js';
import { CommandDesk } from './commands/desk.js';
import { EngineHost } from './host.js';
import { lockAccount } from './lock.js';
import { marketHealth } from './market-health.js';
import { checkMode } from './modes.js';
import { engineParts } from './part-table.js';
import type { EnginePart } from './parts.js';
import { secretsOf } from './rest/index.js';
import { begunSession, endedSession, killedSessions } from './sessions.js';
import { EngineStore, type EngineStoreOptions } from './store/engine-store.js';
import { configuredVenue, readVenueLine, type Venue } from './venue-line.js';
import { inVenueTime } from './venue-time.js';

export interface EngineRequest {
  readonly name: string;
  readonly json: boolean;
  readonly config?: string;
  readonly mode?: EngineMode;
  readonly venueJson?: string;
  readonly acknowledgeLive?: boolean;
}

/** What tests of crashes do to an engine in their own process. */
export interface EngineHooks extends Pick<EngineStoreOptions, 'onPoint'> {
  /** Puts something between the tree and those who carry out what it asks. */
  readonly parts?: (parts: readonly EnginePart[]) => readonly EnginePart[];
}

/** A process that was not looked after for so long stood still, ms of the wall: by itself it looks every 50. */
const STALL_MS = 250;
/** Longest time that the tree gets to wind up when its run cannot be written any more, ms of the wall; an operator's close takes a minute at most. */
const RUN_FAILED_WITHIN_MS = 75_000;
/** Address of a PostgreSQL that the record is mirrored to; with its password, so no key of the configuration. */
const POSTGRES_VARIABLE = 'FAULTLINE_POSTGRES';

/** Runs the engine until the process is told to end. Never returns. @throws CliError, ConfigError when it cannot begin. */
export async function runEngine(request: EngineRequest, hooks: EngineHooks = {}): Promise<never> {
  const { name } = request;
  const { config: loaded, digest, file } = loadConfig(request.config);
  const mode = request.mode ?? loaded.engine.mode;
  const config: Config = { ...loaded, engine: { ...loaded.engine, mode } };
  const { engine } = config;
  const venue = request.venueJson === undefined ? configuredVenue(engine) : readVenueLine(request.venueJson, mode);
  checkMode(engine, venue.access, request.acknowledgeLive === true);
  const record = join(varFolder(), 'accounts', `${engine.account}-${mode}`);
  const host = await ProcessHost.open({
    name, what: `engine ${mode} ${engine.account}`, params: config.process,
    details: { mode, account: engine.account, symbols: engine.symbols, configDigest: digest, config: file ?? 'defaults', record, speed: venue.clock?.speed ?? 1 },
  });
  try {
    const lock = await lockAccount(record, engine.account, mode === 'paper' ? null : (venue.access.keys?.key ?? null), venue.access.origins.usdm.rest);
    host.onShutdown('flush-logs', 'free the account', () => lock.release());
    return await new EngineProcess(host, inVenueTime(config, venue.clock?.speed ?? 1), digest, venue, record, hooks).run(request.json);
  } catch (error) {
    const known = asCliError(error);
    if (known === undefined) return await host.fail(error);
    process.stderr.write(`faultline: ${known.message}\n${known.fix === undefined ? '' : `  fix: ${known.fix}\n`}`);
    return await host.end(known.exit, known.message);
  }
}

/** An engine that is under way in this process. */
class EngineProcess {
  readonly #host: ProcessHost;
  readonly #config: Config;
  readonly #digest: string;
  readonly #venue: Venue;
  readonly #record: string;
  readonly #hooks: EngineHooks;
  #desk: CommandDesk | undefined;

  constructor(host: ProcessHost, config: Config, digest: string, venue: Venue, record: string, hooks: EngineHooks) {
    this.#host = host;
    this.#config = config;
    this.#digest = digest;
    this.#venue = venue;
    this.#record = record;
    this.#hooks = hooks;
  }

  async run(json: boolean): Promise<never> {
    const host = this.#host;
    const { engine } = this.#config;
    const clock = new EngineClock(this.#venue.clock ?? undefined);
    const { instruments, rules, key } = await this.#asked(clock);
    const store = EngineStore.open({ dir: this.#record, account: `${engine.account}-${engine.mode}`, mirror: await mirrorTo(process.env[POSTGRES_VARIABLE] || null), nowUs: () => clock.nowUs(), ...(this.#hooks.onPoint === undefined ? {} : { onPoint: this.#hooks.onPoint }) });
    // Asked to end meanwhile: the shutdown has its list already, and nothing is to be begun any more.
    if (host.ending) return await new Promise<never>(() => {});
    const found: EngineBoot = { mode: engine.mode, startUs: clock.nowUs(), speed: clock.speed, instruments, rules, recovered: store.recovered(), ...(key === null ? {} : { key }) };
    checkRecovered(found, host.log);
    const writer = beginEngineRun(found, { config: this.#config, digest: this.#digest }, {
      ...runLimits(engine.run), idMarks: (id) => [runMark(id)],
    });
    // As a replay will read it.
    const boot = writer.boot as EngineBoot;
    const hosted = this.#start(boot, clock, writer, store);
    await this.#serve(hosted, boot, writer, clock);
    hosted.start();
    this.#recordBeginning(store, boot, writer.id, clock);
    process.stdout.write(json ? `${JSON.stringify({ name: host.name, socket: host.socket, runDir: writer.folder })}\n` : linesForPeople(host.name, engine.mode, boot, writer.folder, clock.speed));
    await host.ready();
    return await new Promise<never>(() => {});
  }

  /** What the venue must say before anything begins. */
  async #asked(clock: EngineClock): Promise<Pick<EngineBoot, 'instruments' | 'rules'> & { readonly key: EngineBoot['key'] | null }> {
    const { access } = this.#venue;
    const { engine } = this.#config;
    const timeoutMs = engine.bootTimeoutMs * clock.speed;
    const client = bootClient(access, clock, engine.rest);
    try {
      const { vault } = secretsOf(access);
      const { mode } = engine;
      const products = PRODUCTS.filter((product) => engine.symbols[product].length > 0);
      const asking = mode !== 'paper' && vault !== null ? keyFacts(client, mode, vault.keyId, products, clock, timeoutMs) : null;
      // Asked at once, judged in their order: what is wrong with the configuration is told first.
      asking?.catch(() => undefined);
      const { instruments, rules } = await venueInstruments(engine.symbols, access.origins, timeoutMs, client);
      return { instruments, rules, key: await asking };
    } finally {
      client.close();
    }
  }

  /** Sessions in the record: those that never ended were killed. */
  #recordBeginning(store: EngineStore, boot: EngineBoot, run: string, clock: EngineClock): void {
    const killed = killedSessions(boot.recovered, boot.startUs);
    for (const { key, row } of killed) this.#host.log.write('warn', 'engine.found-dead', `the run ${key} before this one did not end in good order`, { run: key, ...row });
    const began = { mode: boot.mode, version: packageVersion(), configDigest: this.#digest, startedUs: boot.startUs };
    store.keep([...killed, begunSession(run, began)]);
    this.#host.onShutdown('persist', 'end the session in the record', () => store.keep([endedSession(run, began, clock.nowUs(), store.statistics)]));
  }

  #start(boot: EngineBoot, clock: EngineClock, writer: RunWriter, store: EngineStore): EngineHost {
    const host = this.#host;
    const config = this.#config;
    const letters = new DeadLetterLog(host.log, config.process.deadLettersLogged);
    const reports = new ReportLog(host.log);
    let exit: { name: ExitName; reason: string } = { name: 'ok', reason: 'asked to end' };
    const end = (name: ExitName, reason: string): void => {
      exit = { name, reason };
      void host.end(name, reason);
    };
    const cross = crossCheckOf(boot.instruments, config, (finding, on) => host.log.write('info', on ? `cross.${finding.kind}` : `cross.${finding.kind}.over`, `${finding.buy} and ${finding.sell}: ${(finding.share * 100).toFixed(3)} %`, { ...finding }));
    const engine: EngineHost = new EngineHost({
      boot, config, clock, writer, log: host.log, stallMs: STALL_MS,
      parts: (door) => {
        const desk = new CommandDesk(door, ({ exit: name, reason }) => end(name, reason), () => marketHealth(boot.instruments, (symbol) => engine.session.kernel.facts(symbol), cross));
        this.#desk = desk;
        const parts = [...engineParts(door, { access: this.#venue.access, config, store }), desk.part];
        return this.#hooks.parts?.(parts) ?? parts;
      },
      onFault: (error) => {
        exit = { name: 'bug', reason: error instanceof Error ? error.message : String(error) };
        void host.fail(error);
      },
      onRunFailed: (error) => {
        // The operator has heard of it: entries go, and positions where the configuration says so; its answer ends the process. It ends all the same.
        setTimeout(() => end('journalFailed', `the run cannot be written: ${error instanceof Error ? error.message : String(error)}`), RUN_FAILED_WITHIN_MS).unref();
      },
      onGaveUp: () => end('rootGaveUp', 'the root supervisor gave up'),
    });
    const { everyMs } = config.engine.feeds.cross;
    if (everyMs > 0 && !cross.idle) setInterval(() => cross.look((symbol) => engine.session.kernel.facts(symbol), clock.nowUs()), everyMs).unref();
    logTree(engine.session.runtime, reports, letters);
    host.hold({
      stopTree: () => engine.stopTree(),
      fence: () => engine.session.runtime.fence(),
      dump: () => {
        const { runtime } = engine.session;
        return { clockUs: engine.session.clockUs, counters: runtime.counters(), tree: runtime.tree(), trace: runtime.trace().list(500), deadLetters: runtime.deadLetters().slice(-50) };
      },
    });
    host.onShutdown('stop-intake', 'withdraw entries, begin nothing new', async () => {
      await this.#desk?.windDown('the process was asked to end');
      await engine.quiet();
    });
    host.onShutdown('persist', 'end the run', () => engine.endRun({ code: EXIT_CODES[exit.name].code, reason: exit.reason }));
    host.onShutdown('flush-logs', 'close sockets and record', async () => {
      await engine.close();
      letters.tell();
      reports.tell();
    });
    return engine;
  }

  #serve(engine: EngineHost, boot: EngineBoot, writer: RunWriter, clock: EngineClock): Promise<void> {
    const host = this.#host;
    const { instruments, mode } = boot;
    const desk = deskQuestion(
      { mode, account: this.#config.engine.account, run: writer.id, record: this.#record, instruments },
      () => deskParts(engine.session.runtime, instruments, mode, (symbol) => engine.session.kernel.facts(symbol)?.features.price),
    );
    return host.serve({
      runtime: () => engine.session.runtime,
      turns: engine.turns,
      questions: { ...this.#desk?.verbs.questions, [DESK_QUESTION]: desk },
      commands: { ...this.#desk?.verbs.commands },
      status: () => ({
        state: host.ending ? 'stopping' : 'serving', mode: boot.mode, run: writer.id, runDir: writer.folder, clockUs: engine.session.clockUs, lateMs: Math.max(0, Math.round((clock.nowUs() - engine.session.clockUs) / 1000)),
        speed: clock.speed, records: engine.session.taken, decisions: engine.session.journal.count, digest: engine.session.journal.digest,
      }),
      metrics: () => ({ ...engine.metrics(), logLinesLost: host.log.lost }),
    }, ({ method, params, ok }) => {
      if (ok && changesTree(method, params)) engine.changed(method, params);
    });
  }
}

/** The client of PostgreSQL is loaded only by those that mirror: it is as much as a tenth of an engine's start. */
async function mirrorTo(url: string | null): Promise<EngineStoreOptions['mirror']> {
  if (url === null) return null;
  const { PostgresMirror } = await import('../../data/store/postgres-mirror.js');
  return (options) => new PostgresMirror({ ...options, url });
}

/** An order, a trade or a position that is open and that this run could not take up would be nobody's. @throws CliError `configuration`. */
function checkRecovered(boot: EngineBoot, log: ProcessLog): void {
  if (boot.mode === 'paper') {
    // Nothing of it is at a venue.
    for (const problem of leftTrades(boot)) log.write('warn', 'engine.left', `what an earlier run left open stays as it is: ${problem}`);
    return;
  }
  const problems = [...recoveredOrders(boot).problems, ...recoveredHoldings(boot).problems, ...leftTrades(boot), ...leftOpen(boot)];
  if (problems.length > 0) throw new CliError('configuration', `an earlier run of this account left what this one cannot take up: ${problems[0]!}`, 'start it with the symbols of that run', problems);
}

function linesForPeople(name: string, mode: EngineMode, { instruments }: EngineBoot, folder: string, speed: number): string {
  const times = speed === 1 ? '' : ` at ${speed} times real time`;
  return `The engine ${name} runs${times}, mode ${mode}: ${instruments.map(({ symbol, venue }) => `${symbol} (${venue})`).join(', ')}.

  run      ${folder}

Its tree: faultline ps --process ${name}.  Its end: Ctrl-C.
`;
}

function asCliError(error: unknown): CliError | undefined {
  if (error instanceof CliError) return error;
  if (error instanceof RunError) return new CliError('journalFailed', error.message, error.fix);
  if (error instanceof StoreFailure) return new CliError('journalFailed', error.message);
  return fromSystemError(error);
}
