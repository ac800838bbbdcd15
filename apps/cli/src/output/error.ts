import { CliError, INTERRUPTED_EXIT } from '../exit.js';

/** An error for a person: cause, fields, next step, where. */
export function errorLines(error: CliError): string[] {
  if (error.exit === INTERRUPTED_EXIT) return [error.message];
  const lines = [`error: ${error.message} (${error.code})`];
  const fields = error.violations.map(({ field, message }) => `${field}: ${message}`);
  if (fields.join() !== error.message) lines.push(...fields.map((line) => `  ${line}`));
  if (error.lastLines.length > 0)
    lines.push('  last lines:', ...error.lastLines.map((line) => `  | ${line}`));
  if (error.where !== undefined) lines.push(`  used: ${error.where}`);
  if (error.nextStep !== undefined) lines.push(`  next: ${error.nextStep}`);
  if (error.requestId !== undefined) lines.push(`  request: ${error.requestId}`);
  return lines;
}

/** The same for programs, in one line. */
export function errorJson(error: CliError): string {
  const { code, message, exit, nextStep, requestId, where } = error;
  const violations = error.violations.length > 0 ? error.violations : undefined;
  const lastLines = error.lastLines.length > 0 ? error.lastLines : undefined;
  return JSON.stringify({
    error: { code, message, violations, nextStep, requestId, where, lastLines, exit },
  });
}
