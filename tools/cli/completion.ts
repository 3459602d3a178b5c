import { Argument, type Command } from 'commander';
import { everyCommand, commandTree, isGroup, type CommandNode, type OptionNode, type ValueKind } from './tree.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const INSTALL = `
Examples:
  $ source <(faultline completion bash)                                   this bash only
  $ faultline completion bash > ~/.local/share/bash-completion/completions/faultline
  $ faultline completion zsh > "\${fpath[1]}/_faultline"
  $ faultline completion fish > ~/.config/fish/completions/faultline.fish`;

/** Registers `faultline completion`, which knows every command registered on `program`. */
export function register(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands, options and values in a shell')
    .addArgument(new Argument('<shell>', 'the shell to complete in').choices(SHELLS))
    .addHelpText('after', INSTALL)
    .action((shell: Shell) => void process.stdout.write(completionScript(shell, commandTree(program))));
}

/** The completion script of a shell for a command tree. Only where a process or an actor is wanted does completing start a Node, to ask. */
export function completionScript(shell: Shell, tree: CommandNode): string {
  switch (shell) {
    case 'bash':
      return bashScript(tree);
    case 'zsh':
      return zshScript(tree);
    case 'fish':
      return fishScript(tree);
  }
}

const GENERATED = '# Completion of the faultline command; made by: faultline completion';

/** A word of a shell script between single quotes. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function pathText(node: CommandNode): string {
  return node.path.join(' ');
}

/** `help` takes the words of any command. */
function subcommands(node: CommandNode): string[] {
  const names = node.commands.map((child) => child.path.at(-1)!);
  return node.path.length === 0 ? [...names, 'help'] : names;
}

function valued(node: CommandNode): OptionNode[] {
  return node.options.filter((option) => option.value !== undefined);
}

function optionNames(node: CommandNode): string[] {
  return node.options.flatMap((option) => option.names);
}

/** Lines that find which command the words before the cursor name; `words` are 1-based from `first`. */
function pathCases(tree: CommandNode): string[] {
  return [...everyCommand(tree)].slice(1).map((node) => quote(pathText(node)));
}

function bashScript(tree: CommandNode): string {
  const nodes = [...everyCommand(tree)];
  const values = nodes.flatMap((node) =>
    valued(node).map((option) => {
      const names = option.names.map((name) => quote(`${pathText(node)} ${name}`)).join('|');
      return `    ${names}) ${bashValue(option)};;`;
    }),
  );
  const words = nodes.map((node) => {
    const positional = node.arguments[0]?.value;
    const names = isGroup(node) ? subcommands(node) : positional?.kind === 'choices' ? positional.choices : [];
    const files = !isGroup(node) && positional?.kind === 'files';
    const asked = !isGroup(node) && positional?.kind === 'asked' ? positional.what : '';
    return `    ${quote(pathText(node))}) words=${quote(names.join(' '))} options=${quote(optionNames(node).join(' '))} files=${files ? 1 : 0} asked=${quote(asked)};;`;
  });
  return `${GENERATED} bash
_faultline() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous='' path='' word='' process='' candidate words options files asked i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # bash makes --name=value three words
    if [[ $word == '=' ]]; then continue; fi
    if [[ $previous == --process ]]; then process=$word; fi
    previous=$word
    candidate="\${path:+$path }$word"
    if [[ $candidate == help* ]]; then candidate=\${candidate#help}; candidate=\${candidate# }; fi
    case $candidate in
    ${pathCases(tree).join('|')}) path=$candidate; previous='';;
    esac
  done
  if [[ $cur == '=' ]]; then cur=''; fi
  case "$path $previous" in
${values.join('\n')}
  esac
  case $path in
${words.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  elif [[ $files == 1 ]]; then
    _faultline_files
  elif [[ -n $asked ]]; then
    _faultline_ask "$asked"
  fi
}
_faultline_ask() {
  local found
  found=$("\${COMP_WORDS[0]}" __complete "$1" \${process:+--process "$process"} 2>/dev/null)
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$found" -- "$cur"))
}
_faultline_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}
complete -F _faultline faultline
`;
}

function bashValue({ value }: OptionNode): string {
  if (value?.kind === 'choices') return `COMPREPLY=($(compgen -W ${quote(value.choices.join(' '))} -- "$cur")); return`;
  if (value?.kind === 'asked') return `_faultline_ask ${value.what}; return`;
  return value?.kind === 'files' ? '_faultline_files; return' : 'return';
}

function zshAction(value: ValueKind | undefined): string {
  switch (value?.kind) {
    case 'choices':
      return `compadd -- ${value.choices.map(quote).join(' ')}`;
    case 'asked':
      return `_faultline_ask ${value.what}`;
    case 'files':
      return '_files';
    default:
      return ':';
  }
}

function zshScript(tree: CommandNode): string {
  const nodes = [...everyCommand(tree)];
  const values = nodes.flatMap((node) =>
    valued(node).map(({ names, value }) => {
      const pattern = names.map((name) => quote(`${pathText(node)} ${name}`)).join('|');
      const action = zshAction(value);
      return `    (${pattern}) ${action}; return;;`;
    }),
  );
  const describe = (entries: readonly (readonly [string, string])[]): string => entries.map(([name, text]) => quote(`${name.replaceAll(':', '\\:')}:${text}`)).join(' ');
  const places = nodes.map((node) => {
    const options = describe(node.options.flatMap(({ names, description }) => names.map((name) => [name, description] as const)));
    const positional = node.arguments[0]?.value;
    const commands = node.commands.map((child) => [child.path.at(-1)!, child.description] as const);
    const help = node.path.length === 0 ? [['help', 'print help for a command'] as const] : [];
    const rest = isGroup(node)
      ? `names=(${describe([...commands, ...help])}); _describe command names`
      : zshAction(positional);
    return `    (${quote(pathText(node))}) if [[ $PREFIX == -* ]]; then names=(${options}); _describe option names; else ${rest}; fi;;`;
  });
  return `#compdef faultline
${GENERATED} zsh
_faultline() {
  local where='' previous='' word candidate process=''
  local -a names
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ $previous == --process ]]; then process=$word; fi
    if [[ $word == --process=* ]]; then process=\${word#--process=}; fi
    previous=$word
    candidate="\${where:+$where }$word"
    if [[ $candidate == help* ]]; then candidate=\${\${candidate#help}# }; fi
    case $candidate in
    (${pathCases(tree).join('|')}) where=$candidate; previous='';;
    esac
  done
  case "$where $previous" in
${values.join('\n')}
  esac
  case $where in
${places.join('\n')}
  esac
}
_faultline_ask() {
  local -a found
  found=("\${(@f)$($words[1] __complete $1 \${process:+--process} \${process:+$process} 2>/dev/null)}")
  compadd -- $found
}
if [ "$funcstack[1]" = "_faultline" ]; then _faultline "$@"; else compdef _faultline faultline; fi
`;
}

function fishArgument(value: ValueKind | undefined): string {
  switch (value?.kind) {
    case undefined:
      return '';
    case 'choices':
      return ` -x -a ${quote(value.choices.join(' '))}`;
    case 'asked':
      return ` -x -a ${quote(`(__faultline_ask ${value.what})`)}`;
    case 'files':
      return ' -r -F';
    case 'free':
      return ' -x';
  }
}

function fishScript(tree: CommandNode): string {
  const nodes = [...everyCommand(tree)];
  const lines: string[] = [];
  for (const node of nodes) {
    const here = `-n ${quote(`__faultline_at ${quote(pathText(node))}`)}`;
    for (const child of node.commands) lines.push(`complete -c faultline -f ${here} -a ${quote(child.path.at(-1)!)} -d ${quote(child.description)}`);
    if (node.path.length === 0) lines.push(`complete -c faultline -f ${here} -a 'help' -d 'print help for a command'`);
    const positional = node.arguments[0]?.value;
    if (positional?.kind === 'choices') lines.push(`complete -c faultline -f ${here} -a ${quote(positional.choices.join(' '))}`);
    else if (positional?.kind === 'asked') lines.push(`complete -c faultline -f ${here} -a ${quote(`(__faultline_ask ${positional.what})`)}`);
    else if (!isGroup(node)) lines.push(`complete -c faultline ${positional?.kind === 'files' ? '-F' : '-f'} ${here}`);
    for (const { names, description, value } of node.options) {
      const spelled = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
      const argument = fishArgument(value);
      lines.push(`complete -c faultline ${here} ${spelled}${argument} -d ${quote(description)}`);
    }
  }
  return `${GENERATED} fish
function __faultline_at
  set -l where ''
  for word in (commandline -opc)[2..-1]
    set -l candidate (string trim -- "$where $word")
    set candidate (string replace -r '^help ?' '' -- $candidate)
    if contains -- "$candidate" ${pathCases(tree).join(' ')}
      set where $candidate
    end
  end
  test "$where" = "$argv[1]"
end
function __faultline_ask
  set -l words (commandline -opc)
  set -l at (contains -i -- --process $words)
  if test -n "$at"; and test (count $words) -gt $at
    $words[1] __complete $argv[1] --process $words[(math $at + 1)] 2>/dev/null
  else
    $words[1] __complete $argv[1] 2>/dev/null
  end
end
${lines.join('\n')}
`;
}
