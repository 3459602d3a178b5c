import type { Argument, Command, Option } from 'commander';

/** What may be typed where a value is wanted; `asked` is what running processes are asked for. */
export type ValueKind =
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  | { readonly kind: 'asked'; readonly what: 'processes' | 'actors' }
  | { readonly kind: 'files' }
  | { readonly kind: 'free' };

export interface OptionNode {
  /** As help prints it: `-o, --out <file>`. */
  readonly flags: string;
  readonly names: readonly string[];
  readonly description: string;
  readonly required: boolean;
  /** Undefined for a switch. */
  readonly value: ValueKind | undefined;
}

export interface ArgumentNode {
  /** As help prints it: `<file>`, `[files...]`. */
  readonly usage: string;
  readonly description: string;
  readonly variadic: boolean;
  readonly value: ValueKind;
}

/** A command as data, for completion and for the reference in docs/cli.md. */
export interface CommandNode {
  /** Words after `faultline`; empty for the program itself. */
  readonly path: readonly string[];
  readonly usage: string;
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly arguments: readonly ArgumentNode[];
  readonly commands: readonly CommandNode[];
}

/** The visible part of a command tree. */
export function commandTree(command: Command, path: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  const own = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  return {
    path,
    usage: ['faultline', ...path, command.usage()].join(' '),
    description: command.description(),
    options: help.visibleOptions(command).map(optionNode),
    arguments: command.registeredArguments.map(argumentNode),
    commands: own.map((child) => commandTree(child, [...path, child.name()])),
  };
}

/** Whether a command does nothing by itself. One with arguments of its own may have others below it. */
export function isGroup(node: CommandNode): boolean {
  return node.commands.length > 0 && node.arguments.length === 0;
}

/** The node itself and every one below it, in the order of help. */
export function* everyCommand(node: CommandNode): Generator<CommandNode> {
  yield node;
  for (const child of node.commands) yield* everyCommand(child);
}

function optionNode(option: Option): OptionNode {
  const takesValue = option.required || option.optional;
  const standard: unknown = option.defaultValue;
  const unsaid = standard !== undefined && !option.negate && !/default/i.test(option.description);
  const description = unsaid ? `${option.description} (default: ${option.defaultValueDescription ?? JSON.stringify(standard)})` : option.description;
  return {
    flags: option.flags,
    names: [option.short, option.long].filter((name) => name !== undefined),
    description,
    required: option.mandatory,
    value: takesValue ? valueKind(option.argChoices, option.flags) : undefined,
  };
}

function argumentNode(argument: Argument): ArgumentNode {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return {
    usage: argument.required ? `<${name}>` : `[${name}]`,
    description: argument.description,
    variadic: argument.variadic,
    value: valueKind(argument.argChoices, name),
  };
}

/** A value says by its name what it is: `--config <file>`, `<tape>` and whatever follows `--out` a file, `<actor>` an actor. */
function valueKind(choices: readonly string[] | undefined, name: string): ValueKind {
  if (choices !== undefined) return { kind: 'choices', choices };
  if (name.startsWith('--process ')) return { kind: 'asked', what: 'processes' };
  if (/[<[]?actor[>\]]?$/.test(name)) return { kind: 'asked', what: 'actors' };
  return /--out\b|[<[]?(?:file|dir|folder|path|tape|input)s?(?:\.\.\.)?[>\]]?$/i.test(name) ? { kind: 'files' } : { kind: 'free' };
}
