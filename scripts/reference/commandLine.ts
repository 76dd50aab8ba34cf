import type { Argument, Command, Option } from 'commander';
import { program } from '../../src/cli/program.ts';
import { code, codes, table } from '../markdown.ts';

/** Every command with its arguments and options, as `--help` has them. */
export function commandLinePage(): string {
  return [
    '# Commands and options',
    'Every command of `linarite`, as `linarite COMMAND --help` prints them. [The command line](../cli.md) says what they have in common: names and patterns of what is meant, output, accounts, exit codes.',
    '`linarite --version` prints the release, and where it is known the commit and the day of the build; the release is the first word.',
    ...commandsWithin(program).map(section),
  ].join('\n\n');
}

/** All that do something themselves, and are not hidden, in the order of the help. */
function commandsWithin(command: Command): readonly Command[] {
  const inner = command.createHelp().visibleCommands(command).filter((one) => one.name() !== 'help');
  return inner.length === 0 ? [command] : inner.flatMap(commandsWithin);
}

function section(command: Command): string {
  const { registeredArguments } = command;
  const options = command.options.filter(({ hidden }) => !hidden);
  const parts = [`## ${pathOf(command)}`, `${sentence(command.description())}\n\n    ${pathOf(command)} ${command.usage()}`];
  if (command.aliases().length > 0) parts.push(`Also ${codes(command.aliases())}.`);
  const described = registeredArguments.filter(({ description }) => description !== '');
  if (described.length > 0) parts.push(table(['argument', 'meaning'], described.map((argument) => [code(nameOf(argument)), cell(argument.description)])));
  if (options.length > 0) parts.push(table(['option', 'meaning'], options.map((option) => [code(cellCode(option.flags)), cell(meaningOf(option))])));
  return parts.join('\n\n');
}

/** `linarite task file list` */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function nameOf(argument: Argument): string {
  const text = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${text}>` : `[${text}]`;
}

function meaningOf({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const choices = argChoices === undefined ? '' : ` One of ${argChoices.join(', ')}.`;
  const given = defaultValueDescription ?? (typeof defaultValue === 'string' || typeof defaultValue === 'number' ? String(defaultValue) : undefined);
  return `${sentence(description)}${choices}${given === undefined ? '' : ` Default: ${given}.`}`;
}

function sentence(text: string): string {
  const end = /[.!?]$/.test(text) || text === '' ? '' : '.';
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${end}`;
}

/** Plain text in a cell: nothing in it is Markdown. */
function cell(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|$]/g, (letter) => `\\${letter}`).replaceAll(/\s+/g, ' ');
}

function cellCode(text: string): string {
  return text.replaceAll('|', '\\|');
}
