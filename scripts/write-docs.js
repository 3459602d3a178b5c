// Writes the pages that are made from the program: docs/cli.md and docs/exit-codes.md. Run by `npm run docs` after a build.
import { writeFileSync } from 'node:fs';
import { cliPage, exitCodesPage } from '../dist/tools/cli/docs.js';
import { buildProgram } from '../dist/tools/cli/program.js';
import { commandTree } from '../dist/tools/cli/tree.js';

const page = (name, text) => writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
page('cli.md', cliPage(commandTree(buildProgram())));
page('exit-codes.md', exitCodesPage());
