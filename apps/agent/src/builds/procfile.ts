/**
 * The command of a Procfile's `web` line, undefined when it has none. Lines are `<type>: <command>`; blank lines and
 * lines that start with `#` say nothing; of two `web` lines the last counts, as in Heroku's own reader.
 */
export function webCommand(procfile: string): string | undefined {
  let command: string | undefined;
  for (const line of procfile.split(/\r?\n/)) {
    const match = /^\s*([A-Za-z0-9_-]+):\s*(\S.*?)\s*$/.exec(line);
    if (match?.[1] === 'web') command = match[2];
  }
  return command;
}

/** What a shell needs more than one program for, or what `exec` cannot take. */
const COMPOUND = /[;&|<>()`{}\n]|^\s*[A-Za-z_][A-Za-z0-9_]*=|^\s*(exec|cd|export|set|if|for|while|\.)\s/;

/** The line as an image's command: through a shell that becomes the program, so that signals reach it. */
export function shellCommand(line: string, before = ''): string[] {
  return ['/bin/sh', '-c', `${before}${COMPOUND.test(line) ? '' : 'exec '}${line}`];
}
