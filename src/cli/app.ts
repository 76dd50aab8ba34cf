import { Option, type Command } from 'commander';
import { outputOptions } from './resources/output.ts';
import { withTargetOptions } from './resources/target.ts';

/** Adds `app create|upload|activate|list|show|delete`: what pools and tasks name (docs/applications.md). */
export function addAppCommands(program: Command): void {
  const app = program.command('app').description('applications: packages of programs that nodes unpack for pools and tasks');
  const commands = () => import('./commands/app.ts');
  const reading = () => import('./commands/appList.ts');
  withTargetOptions(app.command('create'))
    .description('make an application, or change what is given of one that is there')
    .argument('<application>')
    .option('--display-name <text>', 'what people read')
    .option('--default-version <version>', 'of its active packages the one that those get who name none')
    .addOption(new Option('--allow-updates <answer>', 'whether a package may be replaced under the same version').choices(['yes', 'no']))
    .action(async (id, options) => (await commands()).create(id, options));
  withTargetOptions(app.command('upload'))
    .description('upload a zip file as a package, and activate it; the application is made if there is none')
    .argument('<application>')
    .argument('<version>')
    .argument('<file.zip>')
    .option('--default', 'make it the default version')
    .action(async (id, version, file, options) => (await commands()).upload(id, version, file, options));
  withTargetOptions(app.command('activate'))
    .description('have nodes get what was uploaded from now on')
    .argument('<application>')
    .argument('<version>')
    .option('--default', 'make it the default version')
    .action(async (id, version, options) => (await commands()).activate(id, version, options));
  withOutput(withSelection(withTargetOptions(app.command('list'))))
    .description("the applications, or the packages of one; by id and patterns like 'a-*'")
    .usage('[application] [versions...] [options]')
    .argument('[words...]')
    .addOption(new Option('--json', 'the same as -o json').hideHelp())
    .action(async (words, options) => (await reading()).list(words, options));
  withOutput(withTargetOptions(app.command('show')))
    .description('all that is known of an application or of a package, with the address to upload it to')
    .argument('<application>')
    .argument('[version]')
    .action(async (id, version, options) => (await reading()).show(id, version, options));
  withSelection(withTargetOptions(app.command('delete')))
    .description("delete packages of an application, or applications that have none; by id and patterns like '1.*'")
    .usage('<application> [versions...] [options]')
    .argument('<words...>')
    .option('-y, --yes', 'without being asked')
    .action(async (words, options) => (await reading()).remove(words, options));
}

/** Flags that say which ones are meant. */
function withSelection(command: Command): Command {
  return command.option('--state <states>', 'only packages in these states: Pending, Active').option('--all', 'all of them');
}

function withOutput(command: Command): Command {
  for (const option of outputOptions()) command.addOption(option);
  return command;
}
