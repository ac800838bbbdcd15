import { Command } from 'commander';
import type { CommandEntry } from './command.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** `tow completion SHELL`: a script that the shell sources. Loads every command once, for its flags. */
export async function completionScript(shell: Shell, entries: readonly CommandEntry[]): Promise<string[]> {
  const words = await wordsByPrefix(entries);
  return shell === 'fish' ? fishScript(words) : bashScript(words, shell === 'zsh');
}

/** What may follow each beginning: `""` the first words, `services` its commands, `services list` its flags. */
async function wordsByPrefix(entries: readonly CommandEntry[]): Promise<Map<string, string[]>> {
  const words = new Map<string, string[]>([['', []]]);
  for (const entry of entries) {
    const [first = '', second] = entry.words.split(' ');
    add(words, '', first);
    if (second !== undefined) add(words, first, second);
    const leaf = new Command();
    (await entry.load()).declare(leaf);
    for (const option of leaf.options) if (option.long !== undefined) add(words, entry.words, option.long);
  }
  return words;
}

function add(words: Map<string, string[]>, prefix: string, word: string): void {
  const known = words.get(prefix) ?? [];
  words.set(prefix, known.includes(word) ? known : [...known, word]);
}

function bashScript(words: Map<string, string[]>, zsh: boolean): string[] {
  const cases = [...words].map(([prefix, next]) => `    '${prefix}') words='${next.join(' ')}' ;;`);
  return [
    ...(zsh ? ['autoload -U +X bashcompinit && bashcompinit'] : []),
    '_tow() {',
    '  local words="" one="${COMP_WORDS[1]}" two="${COMP_WORDS[2]}" key=""',
    '  [ "$COMP_CWORD" -ge 2 ] && key="$one"',
    '  case "$key $two" in',
    ...[...words.keys()]
      .filter((prefix) => prefix.includes(' '))
      .map((prefix) => `    '${prefix}') key='${prefix}' ;;`),
    '  esac',
    '  case "$key" in',
    ...cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _tow tow',
  ];
}

function fishScript(words: Map<string, string[]>): string[] {
  return [...words].flatMap(([prefix, next]) => {
    const seen = prefix
      .split(' ')
      .filter(Boolean)
      .map((word) => `__fish_seen_subcommand_from ${word}`);
    const when = seen.length === 0 ? '__fish_use_subcommand' : seen.join('; and ');
    return next.map((word) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c tow -n '${when}' ${what}`;
    });
  });
}
