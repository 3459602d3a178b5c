import { type ChildProcess, spawn } from 'node:child_process';
import { sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../../../bin/faultline.js', import.meta.url));

/** What the ready line tells a client. */
export interface Ready {
  readonly spot: { readonly rest: string; readonly ws: string; readonly wsApi: string };
  readonly keys: { readonly ed25519: { readonly key: string; readonly secret: string } };
}

/** `faultline exchange --limits off` in a process of its own. */
export class ServedExchange {
  readonly ready: Ready;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(ready: Ready, process: ChildProcess, folder: string) {
    this.ready = ready;
    this.#process = process;
    this.#folder = folder;
  }

  /** @throws Error with what the process said when it does not become ready */
  static async start(): Promise<ServedExchange> {
    const folder = mkdtempSync(join(tmpdir(), 'flx-'));
    const served = spawn(process.execPath, [ENTRY, 'exchange', '--json', '--limits', 'off', '--name', 'bench', '--symbols', 'BTCUSDT,ETHUSDT', '--seed', '7'], {
      stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, FAULTLINE_RUN_DIR: folder, FAULTLINE_LOG_DIR: join(folder, 'log') },
    });
    let said = '';
    served.stderr!.on('data', (data) => (said += String(data)));
    const line = await Promise.race([
      once(createInterface({ input: served.stdout! }), 'line').then(([text]) => String(text)),
      once(served, 'exit').then(() => undefined),
    ]);
    if (line === undefined) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`the exchange did not start: ${said}`);
    }
    return new ServedExchange(JSON.parse(line) as Ready, served, folder);
  }

  async stop(): Promise<void> {
    const gone = this.#process.exitCode === null ? once(this.#process, 'exit') : undefined;
    this.#process.kill('SIGTERM');
    await gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Parameters of `session.logon` or of any request that is signed by itself, as JSON. */
export function signedParams({ keys: { ed25519 } }: Ready): string {
  const timestamp = Date.now();
  const signature = sign(null, Buffer.from(`apiKey=${ed25519.key}&timestamp=${timestamp}`), ed25519.secret).toString('base64');
  return JSON.stringify({ apiKey: ed25519.key, timestamp, signature });
}
