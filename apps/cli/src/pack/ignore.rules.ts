import ignore, { type Ignore } from 'ignore';

/** Files whose lines say what is left out, in the order in which they speak: the later one has the last word. */
export const RULE_FILES = ['.gitignore', '.towignore'] as const;

/**
 * The rules that hold in one folder: those of all folders above it and its own, as git reads them (a deeper file and a
 * later line win; `!` takes back; what lies in a left-out folder stays out).
 */
export class IgnoreRules {
  private constructor(private readonly rules: Ignore) {}

  static empty(): IgnoreRules {
    return new IgnoreRules(ignore({ ignorecase: false }));
  }

  /** The rules with the lines of a file in `folder` (relative, `/` between names, empty for the root) added. */
  with(folder: string, content: string): IgnoreRules {
    const lines = content.split(/\r?\n/).flatMap((line) => rebased(line, folder));
    return new IgnoreRules(ignore({ ignorecase: false }).add(this.rules).add(lines));
  }

  /** Whether the path (relative, folders end with `/`) is left out. */
  leavesOut(path: string): boolean {
    return this.rules.ignores(path);
  }
}

/** Names that are never sent, whatever the rules say: history, secrets of the machine, installed packages. */
export function isNeverSent(name: string): boolean {
  return name === '.git' || name === 'node_modules' || name.startsWith('.env') || isRuleFile(name);
}

/** The rule files have done their work once the folder is packed. */
function isRuleFile(name: string): boolean {
  return RULE_FILES.some((file) => file === name);
}

/** A line of a rule file in `folder` as the same line of a rule file in the root; nothing for comments. */
function rebased(line: string, folder: string): string[] {
  if (line.startsWith('#') || line.trim() === '') return [];
  if (folder === '') return [line];
  const taken = line.startsWith('!') ? '!' : '';
  const pattern = line.slice(taken.length);
  const slash = pattern.indexOf('/');
  const anchored = slash >= 0 && slash < pattern.trimEnd().length - 1;
  const between = anchored ? '/' : '/**/';
  return [`${taken}/${literal(folder)}${between}${pattern.replace(/^\//, '')}`];
}

function literal(folder: string): string {
  return folder.replaceAll(/[\\*?[\]! #]/g, '\\$&');
}
