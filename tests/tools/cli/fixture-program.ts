// A small program on the real machinery, with every way a command can end. Run as a child by execute.test.ts.
import { closeSync, openSync } from 'node:fs';
import { Command, Option } from 'commander';
import { CliError } from '../../../tools/cli/errors.js';
import { execute } from '../../../tools/cli/execute.js';
import { breathe, onInterrupt } from '../../../tools/cli/interrupt.js';
import { endWith, printJson, printLine } from '../../../tools/cli/output.js';

function build(): Command {
  const program = new Command('faultline').version('9.9.9');
  program.command('good').option('--json').action(() => printJson({ fine: 12345678901234567890n }));
  program.command('refuse').option('--json').action(() => {
    throw new CliError('badInput', 'the tape is cut', 'run: faultline tape verify');
  });
  program.command('defect').option('--json').action(() => {
    throw new TypeError('what nobody expected');
  });
  program.command('late-defect').action(() => {
    setTimeout(() => {
      throw new RangeError('thrown in a timer');
    }, 1);
  });
  program.command('rejected').action(() => void Promise.reject(new RangeError('nobody awaited me')));
  program.command('differs').option('--json').action(() => {
    printJson({ ok: false });
    endWith('checkFailed');
  });
  program.command('twice').option('--json').action(() => {
    printJson({ ok: false });
    throw new CliError('checkFailed', 'the digests differ');
  });
  program.command('open').argument('<file>').option('--write').action((file: string, options: { write?: boolean }) => {
    closeSync(openSync(file, options.write === true ? 'wx' : 'r'));
  });
  program.command('busy').option('--json').option('--stuck').action(async (options: { stuck?: boolean }) => {
    onInterrupt(() => printNoteSync('cleanup one'));
    onInterrupt(() => printNoteSync('cleanup two'));
    if (options.stuck === true) onInterrupt(() => new Promise(() => {}));
    const takenBack = onInterrupt(() => printNoteSync('never'));
    takenBack();
    process.stderr.write('ready\n');
    for (;;) await breathe();
  });
  program.command('endless').action(async () => {
    for (;;) {
      printLine('x'.repeat(4096));
      await breathe();
    }
  });
  const nested = program.command('tape');
  nested.command('info').argument('<file>').option('--json').addOption(new Option('--format <name>').choices(['csv', 'jsonl'])).action(() => {});
  return program;
}

function printNoteSync(text: string): void {
  process.stderr.write(`${text}\n`);
}

await execute(build, process.argv.slice(2));
