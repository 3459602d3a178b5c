// `npm run placement -- [--json] [--seconds N] [--write-docs]`: `faultline bench placement`, and where asked its page.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { execute } from '../cli/execute.js';
import { addPlacement, placement } from './commands.js';
import { measuredBlock, withBlock } from './page.js';

const PAGE = fileURLToPath(new URL('../../../docs/placement.md', import.meta.url));

function buildPlacement(): Command {
  return addPlacement(new Command('placement')).usage('[options]   (npm run placement -- …)').option('--write-docs', 'write the result into docs/placement.md')
    .action(async ({ writeDocs, ...options }: { readonly seconds: number; readonly json?: true; readonly writeDocs?: true }) => {
      const page = writeDocs === true ? readFileSync(PAGE, 'utf8') : undefined;
      // A page without markers is refused before a minute is spent.
      if (page !== undefined) withBlock(page, '');
      await placement(options, (measured) => {
        if (page !== undefined) writeFileSync(PAGE, withBlock(page, measuredBlock(measured)));
      });
    });
}

await execute(buildPlacement, process.argv.slice(2));
