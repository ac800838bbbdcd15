import { Argument, Command, Option } from 'commander';
import { completionScript, SHELLS, type Shell } from './completion.js';
import type { CommandEntry } from './command.js';
import { GROUPS } from './commands.js';
import { EXIT_CODES } from './exit.js';
import type { Io } from './io.js';
import { Tow, type Globals } from './tow.js';

/** The command tree. Commands are loaded when the command line names them; `finish` gets the exit code. */
export function buildProgram(
  io: Io,
  entries: readonly CommandEntry[],
  finish: (exit: number) => void,
): Command {
  const program = root(io);
  const groups = new Map<string, Command>();
  const leaves = new Map<Command, CommandEntry>();
  const loadLeaf = async (_parent: Command, leaf: Command): Promise<void> => {
    const entry = leaves.get(leaf);
    if (entry !== undefined) await load(leaf, entry, io, finish);
  };
  program.hook('preSubcommand', loadLeaf);
  for (const entry of entries) {
    const [first, second] = entry.words.split(' ') as [string, string | undefined];
    let parent = program;
    if (second !== undefined) {
      parent = groups.get(first) ?? group(program, first, loadLeaf);
      groups.set(first, parent);
    }
    const made = parent.command(second ?? first).description(entry.summary);
    leaves.set(made, entry);
    // What is a command may have commands below it: `tow bill` and `tow bill explain`.
    if (second === undefined) groups.set(first, made.hook('preSubcommand', loadLeaf));
  }
  addBuiltIns(program, io, entries);
  return program;
}

/** Commands that speak of `tow` itself. */
function addBuiltIns(program: Command, io: Io, entries: readonly CommandEntry[]): void {
  const print = (text: string): unknown => io.stdout.write(`${text}\n`);
  program
    .command('exit-codes')
    .summary('what the exit codes mean')
    .description(exitCodes())
    .action(() => void print(exitCodes()));
  program
    .command('completion')
    .description('a script that completes tow in your shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', '\nFor example in ~/.bashrc:  source <(tow completion bash)')
    .action(async (shell: Shell) => {
      print((await completionScript(shell, entries)).join('\n'));
    });
}

function root(io: Io): Command {
  const program: Command = new Command('tow');
  program
    .description('Towpath from the command line: a folder of code or an image becomes a URL.')
    .version(io.version, '-V, --version', 'print the version of tow')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({
      showGlobalOptions: true,
      // Not those of a command between: what it shares with those below, these say themselves.
      visibleGlobalOptions: ({ parent }) => (parent ? [...program.options] : []),
      helpWidth: io.stdout.columns ?? 100,
    })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // told once, by main, in the form of every other error
      outputError: () => undefined,
    });
  for (const option of GLOBAL_OPTIONS()) program.addOption(option);
  return program.addHelpText('after', '\nExit codes: tow help exit-codes');
}

const GLOBAL_OPTIONS = (): Option[] => [
  new Option('--project <handle>', 'the project (default: TOW_PROJECT, the context, or the only one)'),
  new Option('--context <name>', 'the context of the config file to use'),
  new Option('--json', 'print JSON on stdout, nothing else'),
  new Option('--quiet', 'no talk on stderr but errors, no questions'),
  new Option('--no-input', 'never ask, even on a terminal'),
];

type Loader = (parent: Command, leaf: Command) => Promise<void>;

function group(program: Command, word: string, loader: Loader): Command {
  return program
    .command(word)
    .description(GROUPS[word] ?? word)
    .hook('preSubcommand', loader);
}

async function load(
  leaf: Command,
  entry: CommandEntry,
  io: Io,
  finish: (exit: number) => void,
): Promise<void> {
  const spec = await entry.load();
  spec.declare(leaf);
  leaf.action(async () => {
    const tow = new Tow(io, leaf.optsWithGlobals<Globals>());
    const exit = await spec.run(tow, leaf.processedArgs as unknown[], flagsOf(leaf));
    tow.progress.finishLine();
    finish(exit ?? 0);
  });
}

/** A flag that the command above has too (`--month` of `tow bill`) is read there. */
function flagsOf(leaf: Command): object {
  const above = leaf.parent?.parent ? leaf.parent.opts<Record<string, unknown>>() : {};
  const own = new Set(leaf.options.map((option) => option.attributeName()));
  const shared = Object.entries(above).filter(([name, value]) => own.has(name) && value !== undefined);
  return { ...leaf.opts<object>(), ...Object.fromEntries(shared) };
}

function exitCodes(): string {
  return EXIT_CODES.map(({ exit, meaning }) => `${String(exit).padStart(4)}  ${meaning}`).join('\n');
}
