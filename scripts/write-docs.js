// Writes what is made from the program: docs/cli.md, docs/exit-codes.md, docs/control-protocol.md and .json, config/faultline.toml. Run by `npm run docs` after a build.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cliPage, exitCodesPage } from '../dist/tools/cli/docs.js';
import { buildProgram } from '../dist/tools/cli/program.js';
import { commandTree } from '../dist/tools/cli/tree.js';
import { defaultFile } from '../dist/tools/config/default-file.js';
import { protocolPage, protocolSchema } from '../dist/tools/control/protocol-page.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = (name, text) => writeFileSync(root + name, text);
page('docs/cli.md', cliPage(commandTree(buildProgram())));
page('docs/exit-codes.md', exitCodesPage());
page('config/faultline.toml', defaultFile(root));
page('docs/control-protocol.md', protocolPage());
page('docs/control-protocol.json', protocolSchema());
