import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PATIENCE_MS, Playground, type Served } from './served.js';

/** Warm within seconds of the market's time, one symbol, and every feed that the detector wants. */
export const ENGINE_CONFIG = `
[indicators]
warmupSamples = 20
baselineSeconds = 60
baselineMinSamples = 15

[engine.symbols]
usdm = ["BTCUSDT"]
`;

/**
 * Buys at once, and holds for longer than any test: its stop is out of the market's reach, and may be confirmed as late as a busy machine has it, which is no trouble of the
 * venue's. (By default what has no confirmed stop after two seconds is closed, and the strategy buys again.)
 */
export const HOLDING_CONFIG = `
[indicators]
warmupSamples = 1
latencyPauseMs = 60000

[trading]
strategy = "eager"

[trading.eager]
holdMs = 3600000

[engine]
mode = "demo"

[engine.symbols]
usdm = ["BTCUSDT"]

[engine.risk]
priceMaxAgeMs = 600000

[engine.guard]
protectWithinMs = 60000
stopShare = 0.2

[engine.feeds]
lagMaxMs = 60000

[engine.feeds.silence]
depthMs = 60000
bookTickerMs = 60000
`;

export interface EngineReady {
  readonly name: string;
  readonly socket: string;
  readonly runDir: string;
}

/** An exchange in a box and engines on it, as processes of their own. */
export class EnginePlayground extends Playground {
  readonly venue = this.at('venue.json');
  /** Runs and accounts of this playground alone. */
  readonly engineEnv: Readonly<Record<string, string>> = { FAULTLINE_VAR_DIR: this.at('var') };

  /** Opens the exchange and keeps its line. */
  async exchange({ speed = 10, seed = 1, args = [] }: { readonly speed?: number; readonly seed?: number; readonly args?: readonly string[] } = {}): Promise<Served> {
    const served = this.serve(['exchange', '--json', '--speed', String(speed), '--seed', String(seed), '--symbols', '1', '--limits', 'off', ...args]);
    await served.until(() => served.lines.length > 0, 'the exchange is open');
    writeFileSync(this.venue, `${served.lines[0]!}\n`);
    return served;
  }

  args(name: string, config = ENGINE_CONFIG): readonly string[] {
    const file = this.at(`${name}.toml`);
    writeFileSync(file, config);
    return ['engine', 'run', '--config', file, '--name', name, '--venue-json', this.venue, '--json'];
  }

  /** Starts an engine and waits until it is ready. */
  async engine({ name = 'engine', config = ENGINE_CONFIG, args = [] }: { readonly name?: string; readonly config?: string; readonly args?: readonly string[] } = {}): Promise<{ readonly served: Served; readonly ready: EngineReady }> {
    const served = this.serve([...this.args(name, config), ...args], { env: this.engineEnv });
    await served.until(() => served.lines.length > 0 && served.stderr.includes('is ready'), 'the engine is ready');
    return { served, ready: JSON.parse(served.lines[0]!) as EngineReady };
  }

  /** Whether the kernel of an engine is past its warm-up, by symbol index. */
  async warm(symbol: number, name = 'engine'): Promise<boolean> {
    const { value } = await this.ask(name, 'inspect', { path: '/market/kernel' }) as unknown as { readonly value?: { readonly symbols?: readonly { readonly index: number; readonly warm: boolean; readonly live: boolean }[] } };
    const found = value?.symbols?.find(({ index }) => index === symbol);
    return found !== undefined && found.warm && found.live;
  }

  /** The decisions of a run so far. */
  decisionLines(runDir: string): string {
    const file = join(runDir, 'decisions.jsonl');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Looks until it is so. @throws Error after a long time: only a hang takes so long. */
  async until(seen: () => boolean | Promise<boolean>, what: string): Promise<void> {
    if (!await this.within(PATIENCE_MS, seen)) throw new Error(`waited ${PATIENCE_MS} ms: ${what}`);
  }

  /** Looks until it is so, or the time is over; which it was. */
  async within(ms: number, seen: () => boolean | Promise<boolean>): Promise<boolean> {
    for (const endMs = performance.now() + ms; performance.now() < endMs;) {
      if (await seen()) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  }
}
