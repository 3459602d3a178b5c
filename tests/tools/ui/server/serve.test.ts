import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliError } from '../../../../tools/cli/errors.js';
import { openWindow } from '../../../../tools/ui/serve.js';

test('a tape that is not there, or is a folder, is refused before a port is taken', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-serve-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { FAULTLINE_RUN_DIR: folder, FAULTLINE_VAR_DIR: folder };
  for (const [tape, said] of [[join(folder, 'absent.tape'), /no such tape/], [folder, /is no file/]] as const) {
    await assert.rejects(openWindow({ port: 0, tapes: [tape], env }), (error) => error instanceof CliError && error.exit === 'cannotRead' && said.test(error.message));
  }
});
