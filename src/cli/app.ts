import { Option, type Command } from 'commander';

/** Adds `app create|upload|activate|list|delete`: applications that pools and tasks name (docs/applications.md). */
export function addAppCommands(program: Command): void {
  const app = program.command('app').description('applications: packages of programs that nodes unpack for pools and tasks');
  const commands = () => import('./commands/app.ts');
  const dataDir = (): Option => new Option('--data-dir <directory>', 'of the service (default: the one that the environment names, else $LINARITE_DATA_DIR or ./.linarite)');
  app
    .command('create')
    .description('make an application, or change what is given of one that is there')
    .argument('<application>')
    .option('--display-name <text>', 'what people read')
    .option('--default-version <version>', 'of its active packages the one that those get who name none')
    .addOption(new Option('--allow-updates <answer>', 'whether a package may be replaced under the same version').choices(['yes', 'no']))
    .addOption(dataDir())
    .action(async (id, options) => (await commands()).create(id, options));
  app
    .command('upload')
    .description('upload a zip file as a package, and activate it; the application is made if there is none')
    .argument('<application>')
    .argument('<version>')
    .argument('<file.zip>')
    .option('--default', 'make it the default version')
    .addOption(dataDir())
    .action(async (id, version, file, options) => (await commands()).upload(id, version, file, options));
  app
    .command('activate')
    .description('have nodes get what was uploaded from now on')
    .argument('<application>')
    .argument('<version>')
    .option('--default', 'make it the default version')
    .addOption(dataDir())
    .action(async (id, version, options) => (await commands()).activate(id, version, options));
  app
    .command('list')
    .description('the applications, or the packages of one')
    .argument('[application]')
    .option('--json', 'for programs')
    .addOption(dataDir())
    .action(async (id, options) => (await commands()).list(id, options));
  app
    .command('delete')
    .description('delete a package, or an application that has none')
    .argument('<application>')
    .argument('[version]')
    .addOption(dataDir())
    .action(async (id, version, options) => (await commands()).remove(id, version, options));
}
