import { SCENARIO_NAMES, scenarioNamed, type ScenarioName } from '../../actors/generator/scenario.js';
import type { Venue } from '../../actors/exchange/engine.js';
import { CliError } from '../cli/errors.js';
import { EnginePort } from './product/engine-port.js';
import type { Exchange } from './exchange.js';

/** Something that `faultline exchange start NAME` starts. */
export interface Startable {
  readonly name: string;
  readonly kind: 'scenario' | 'script';
  readonly summary: string;
  /** Begins it; what it answers goes to whoever asked. */
  start(): Promise<unknown>;
}

/** What can be started in an exchange while it runs, by name. */
export class Startables {
  readonly #all = new Map<string, Startable>();

  /** @throws RangeError when there is one of this name */
  add(one: Startable): void {
    if (this.#all.has(one.name)) throw new RangeError(`there are two to start of the name ${one.name}`);
    this.#all.set(one.name, one);
  }

  list(): readonly Omit<Startable, 'start'>[] {
    return [...this.#all.values()].map(({ name, kind, summary }) => ({ name, kind, summary }));
  }

  /** @throws CliError when nothing has this name */
  start(name: string): Promise<unknown> {
    const one = this.#all.get(name);
    if (one === undefined) throw new CliError('refused', `there is no ${name} to start: there are ${[...this.#all.keys()].join(', ')}`);
    return one.start();
  }
}

/** Of the generator's scenarios, what is no matter of the line: the exchange has troubles of its own for that. */
export const EXCHANGE_SCENARIOS: readonly ScenarioName[] = SCENARIO_NAMES.filter((name) => name !== 'feed-trouble');

/** The market's scenarios: on every product that has a crowd at once, crashes alike. */
export function scenarioStartables(exchange: Exchange): Startable[] {
  return EXCHANGE_SCENARIOS.map((name) => ({
    name, kind: 'scenario', summary: scenarioNamed(name).summary,
    start: async () => {
      const markets = exchange.products.flatMap(({ name: product, feed, startScenario }) => {
        const begin = startScenario ?? (feed === undefined ? undefined : (scenario: ScenarioName, nowUs: number) => feed.inside.startScenario(scenario, nowUs));
        return begin === undefined ? [] : [{ begin, engine: new EnginePort<Venue>(exchange.runtime, product, exchange.clock.speed) }];
      });
      const [fromUs] = await Promise.all(markets.map(({ begin, engine }) => engine.ask((_venue, nowUs) => {
        begin(name, nowUs);
        return nowUs;
      })));
      return { name, kind: 'scenario', venueMs: Math.floor((fromUs ?? exchange.clock.nowUs()) / 1000) };
    },
  }));
}
